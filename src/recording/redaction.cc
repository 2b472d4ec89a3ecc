#include "recording/redaction.h"

#include <algorithm>
#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

#include "base/ascii.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

// Parts of names that say that a value is secret, wherever they are in it.
constexpr std::array<std::string_view, 12> kSecretParts{
    "password",  "passwd",     "passphrase", "secret",    "token",         "apikey",
    "accesskey", "privatekey", "credential", "signature", "authorization", "sessionid"};
// Names that are too short or too common to look for inside of others. "code" is OAuth's.
constexpr std::array<std::string_view, 17> kSecretNames{
    "pass", "pwd", "pw",  "auth",   "jwt", "key",       "sig",     "code", "otp",
    "pin",  "cvv", "cvc", "cookie", "sid", "setcookie", "session", "xauth"};
// Headers that hold URLs.
constexpr std::array<std::string_view, 7> kUrlHeaders{
    "referer", "location", "content-location", "refresh", "link", ":path", "sourcemap"};

constexpr std::size_t kJsonDepthMax = 256;

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

// "X-Api_Key" and "xApiKey" are the same name.
std::string bare(std::string_view name) {
  std::string result;
  for (const char c : name) {
    if (c != '-' && c != '_' && c != ' ' && c != '.') result += to_lower(c);
  }
  return result;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = to_lower(c);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// The name of a parameter may be percent-encoded, and be a secret's all the same.
std::string decoded(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
        hex_digit(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  return start == std::string_view::npos ? std::string_view() : text.substr(start);
}

bool looks_like_json(std::string_view text) {
  const auto start = trimmed(text);
  return start.starts_with('{') || start.starts_with('[');
}

// The password between "//user:" and "@".
std::string without_password(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return std::string(url);
  const auto start = scheme + 3;
  const auto authority = url.substr(start, url.find_first_of("/?#", start) - start);
  const auto at = authority.rfind('@');
  const auto colon = authority.find(':');
  if (at == std::string_view::npos || colon > at) return std::string(url);
  return std::string(url.substr(0, start + colon + 1)) + std::string(kRedacted) +
         std::string(url.substr(start + at));
}

bool redact_value(const Redactor& redactor, json::value& value) {
  bool changed = false;
  if (auto* list = value.if_array()) {
    for (auto& each : *list) changed |= redact_value(redactor, each);
  } else if (auto* object = value.if_object()) {
    for (auto& [name, each] : *object) {
      if (redactor.is_secret(name) && !each.is_null()) {
        each = kRedacted;
        changed = true;
      } else {
        changed |= redact_value(redactor, each);
      }
    }
  }
  return changed;
}

// The value of name="..." in the head of a part.
std::string part_name(std::string_view head) {
  constexpr std::string_view kName = "name=\"";
  const auto lower_head = lowered(head);
  auto at = lower_head.find(kName);
  while (at != std::string::npos && at > 0 && lower_head[at - 1] == 'e') {  // of "filename"
    at = lower_head.find(kName, at + 1);
  }
  if (at == std::string::npos) return {};
  const auto start = at + kName.size();
  return std::string(head.substr(start, head.find('"', start) - start));
}

std::string boundary_of(std::string_view type) {
  constexpr std::string_view kBoundary = "boundary=";
  const auto at = lowered(type).find(kBoundary);
  if (at == std::string::npos) return {};
  auto boundary = type.substr(at + kBoundary.size());
  boundary = boundary.substr(0, boundary.find(';'));
  if (boundary.size() >= 2 && boundary.front() == '"') {
    boundary = boundary.substr(1, boundary.find('"', 1) - 1);
  }
  return "--" + std::string(boundary);
}

}  // namespace

Redactor::Redactor(const session::HarOptions& options)
    : is_active_(options.redaction == session::Redaction::kUsual) {
  for (const auto& name : options.redacted_names) names_.insert(bare(name));
}

bool Redactor::is_secret(std::string_view name) const {
  if (!is_active_) return false;
  const std::string plain = bare(decoded(name));
  if (names_.contains(plain)) return true;
  if (std::find(kSecretNames.begin(), kSecretNames.end(), plain) != kSecretNames.end()) return true;
  return std::any_of(kSecretParts.begin(), kSecretParts.end(),
                     [&](std::string_view part) { return contains(plain, part); });
}

std::string Redactor::url(std::string_view url) const {
  if (!is_active_) return std::string(url);
  const auto query = url.find_first_of("?#");
  if (query == std::string_view::npos) return without_password(url);
  return without_password(url.substr(0, query)) + pairs(url.substr(query));
}

// Walks name=value pairs that are set apart by any of "?#&;".
std::string Redactor::pairs(std::string_view text) const {
  std::string result;
  while (!text.empty()) {
    const auto separator = text.find_first_of("?#&;", 0);
    const auto piece = text.substr(0, separator);
    const auto equals = piece.find('=');
    if (equals != std::string_view::npos && is_secret(piece.substr(0, equals))) {
      result.append(piece.substr(0, equals + 1)).append(kRedacted);
    } else {
      result.append(piece);
    }
    if (separator == std::string_view::npos) break;
    result += text[separator];
    text.remove_prefix(separator + 1);
  }
  return result;
}

std::string Redactor::header(std::string_view name, std::string_view value) const {
  if (!is_active_) return std::string(value);
  const auto plain = lowered(name);
  if (std::find(kUrlHeaders.begin(), kUrlHeaders.end(), plain) != kUrlHeaders.end())
    return url(value);
  return is_secret(plain) ? std::string(kRedacted) : std::string(value);
}

std::optional<std::string> Redactor::body(std::string_view type, std::string_view text) const {
  if (!is_active_) return std::string(text);
  const auto kind = lowered(type);
  if (kind.starts_with("multipart/")) return multipart(type, text);
  if (contains(kind, "json") || looks_like_json(text)) return json_text(text);
  return pairs(text);
}

std::string Redactor::message(std::string_view text) const {
  if (!is_active_) return std::string(text);
  if (!looks_like_json(text)) return pairs(text);
  return json_text(text).value_or(std::string(kRedacted));
}

std::optional<std::string> Redactor::json_text(std::string_view text) const {
  json::parse_options options;
  options.max_depth = kJsonDepthMax;
  boost::system::error_code error;
  auto value = json::parse(text, error, {}, options);
  if (error) return std::nullopt;
  return redact_value(*this, value) ? json::serialize(value) : std::string(text);
}

std::string Redactor::multipart(std::string_view type, std::string_view text) const {
  const auto boundary = boundary_of(type);
  if (boundary.size() <= 2) return std::string(kRedacted);
  std::string result;
  while (!text.empty()) {
    const auto next = text.find(boundary, 1);
    const auto part = text.substr(0, next);
    const auto head = part.find("\r\n\r\n");
    if (head != std::string_view::npos && is_secret(part_name(part.substr(0, head)))) {
      result.append(part.substr(0, head + 4)).append(kRedacted).append("\r\n");
    } else {
      result.append(part);
    }
    if (next == std::string_view::npos) break;
    text.remove_prefix(next);
  }
  return result;
}

}  // namespace pbaas::recording
