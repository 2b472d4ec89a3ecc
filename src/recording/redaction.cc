#include "recording/redaction.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "recording/redacted_json.h"

namespace pbaas::recording {
namespace {

// Their names sound like secrets, and they say what a server wants or allows.
constexpr std::array<std::string_view, 3> kOpenHeaders{"access-control-", "www-authenticate",
                                                       "proxy-authenticate"};
// Browsers have no other place for a token of a WebSocket, such as Kubernetes' base64url.bearer.
constexpr std::string_view kSocketProtocol = "sec-websocket-protocol";

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), to_lower);
  return result;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

bool says_what_is_allowed(std::string_view name) {
  return std::any_of(kOpenHeaders.begin(), kOpenHeaders.end(),
                     [&](std::string_view start) { return name.starts_with(start); });
}

// The value of a parameter, such as boundary="...", quoted or not.
std::string parameter(std::string_view text, std::string_view name) {
  const auto lower = lowered(text);
  auto at = lower.find(name);
  // "name" is no part of "filename".
  while (at != std::string::npos && at > 0 && is_letter(lower[at - 1]))
    at = lower.find(name, at + 1);
  if (at == std::string::npos) return {};
  const auto equals = text.find('=', at + name.size());
  if (equals == std::string_view::npos) return {};
  auto value = text.substr(equals + 1);
  value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
  const auto is_quoted = value.starts_with('"');
  if (is_quoted) value.remove_prefix(1);
  return std::string(value.substr(0, value.find_first_of(is_quoted ? "\"" : "; \t\r\n")));
}

// The first line of a head with that name.
std::string head_field(std::string_view head, std::string_view name) {
  const auto lower = lowered(head);
  const auto at = lower.find("\n" + std::string(name) + ":");
  if (at == std::string::npos) return {};
  const auto start = at + name.size() + 2;
  return std::string(trim(head.substr(start, head.find_first_of("\r\n", start) - start)));
}

bool is_name_of_field(std::string_view name) {
  constexpr std::string_view kNever = "<>{}\" \t\r\n";
  return std::all_of(name.begin(), name.end(), [&](char c) {
    return static_cast<unsigned char>(c) > ' ' && kNever.find(c) == std::string_view::npos;
  });
}

// Whether each piece is a field: XML is called a form by those who forget to say what they send.
bool is_form(std::string_view text) {
  while (!text.empty()) {
    const auto end = std::min(text.find('&'), text.size());
    const auto piece = text.substr(0, end);
    const auto equals = piece.find('=');
    const bool is_bare = equals == std::string_view::npos;
    if (!is_name_of_field(piece.substr(0, equals)) || (is_bare && contains(piece, ":")))
      return false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return true;
}

}  // namespace

Redactor::Redactor(const session::HarOptions& options)
    : is_active_(options.redaction == session::Redaction::kUsual), names_(options.redacted_names) {}

std::string Redactor::url(std::string_view url) const {
  return is_active_ ? redacted_url(url, names_) : std::string(url);
}

std::string Redactor::header(std::string_view name, std::string_view value) const {
  if (!is_active_) return std::string(value);
  const auto plain = lowered(name);
  if (plain == kSocketProtocol) return std::string(kRedacted);
  if (!says_what_is_allowed(plain) && is_secret(plain)) return std::string(kRedacted);
  return redacted_text(value, names_);
}

std::optional<std::string> Redactor::body(std::string_view type, std::string_view text) const {
  if (!is_active_ || text.empty()) return std::string(text);
  const auto kind = lowered(type.substr(0, type.find(';')));
  if (kind.starts_with("multipart/")) return multipart(type, text);
  if (contains(kind, "json") || looks_like_json(text)) return redacted_json(text, names_);
  if (contains(kind, "x-www-form-urlencoded"))
    return is_form(text) ? std::optional(redacted_pairs(text, names_)) : std::nullopt;
  return lines(text);
}

// A form as text/plain: a field a line, whose value may have a "&" of its own.
std::optional<std::string> Redactor::lines(std::string_view text) const {
  std::string result;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size() - 1) + 1;
    auto line = text.substr(0, end);
    text.remove_prefix(end);
    const auto content = line.substr(0, line.find_last_not_of("\r\n") + 1);
    const auto equals = content.find('=');
    const auto name = content.substr(0, equals);
    if (!content.empty() && (equals == std::string_view::npos || !is_name_of_field(name)))
      return std::nullopt;
    if (!content.empty() && names_.is_secret(name)) {
      result.append(name).append("=").append(kRedacted);
    } else {
      result += redacted_text(content, names_);
    }
    result += line.substr(content.size());
  }
  return result;
}

std::string Redactor::message(std::string_view text) const {
  if (!is_active_) return std::string(text);
  if (looks_like_json(text)) return redacted_json(text, names_).value_or(std::string(kRedacted));
  return redacted_text(text, names_);
}

std::optional<std::string> Redactor::multipart(std::string_view type, std::string_view text) const {
  const auto boundary = "--" + parameter(type, "boundary");
  if (boundary.size() <= 2 || !contains(text, boundary)) return std::nullopt;
  // What is before the first part is read by nobody.
  text.remove_prefix(text.find(boundary));
  std::string result;
  while (!text.empty()) {
    const auto next = std::min(text.find(boundary, 1), text.size());
    if (text.starts_with(boundary + "--")) break;
    result += part(text.substr(0, next));
    text.remove_prefix(next);
  }
  return result + boundary + "--\r\n";
}

std::string Redactor::part(std::string_view part) const {
  const auto head_end = part.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::string(kRedacted) + "\r\n";
  const auto head = part.substr(0, head_end);
  auto content = part.substr(head_end + 4);
  if (content.ends_with("\r\n")) content.remove_suffix(2);
  const auto type = head_field(head, "content-type");
  std::string shown(kRedacted);
  if (!is_secret(parameter(head_field(head, "content-disposition"), "name"))) {
    shown = type.empty() ? message(content) : body(type, content).value_or(shown);
  }
  return std::string(head) + "\r\n\r\n" + shown + "\r\n";
}

}  // namespace pbaas::recording
