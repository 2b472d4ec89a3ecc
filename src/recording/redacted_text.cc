#include "recording/redacted_text.h"

#include <algorithm>

#include "base/ascii.h"
#include "recording/redacted_json.h"
#include "recording/url_code.h"

namespace pbaas::recording {
namespace {

// Somebody who logs the URL of a page that was reached with the URL of a page is at three.
constexpr int kDepthMax = 6;
constexpr std::size_t kNameBytesMax = 100;

struct Range {
  std::size_t start = 0;
  std::size_t end = 0;
};

bool is_name_char(char c) {
  constexpr std::string_view kOthers = "-_.[]%+$@";
  return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80 ||
         kOthers.find(c) != std::string_view::npos;
}

// The name that ends before `at`, quoted or not: that of "\"name\" :", too.
std::string_view name_before(std::string_view text, std::size_t at) {
  constexpr std::string_view kBetween = " \t\"'\\";
  while (at > 0 && kBetween.find(text[at - 1]) != std::string_view::npos) --at;
  auto start = at;
  while (start > 0 && at - start < kNameBytesMax && is_name_char(text[start - 1])) --start;
  return text.substr(start, at - start);
}

// In "host.example:80" there is no name.
std::string_view after_dot(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

// Within the quotes, which may be escaped as a whole: \"value\".
Range quoted_value(std::string_view text, std::size_t start) {
  auto quote = start;
  while (quote < text.size() && text[quote] == '\\') ++quote;
  const auto mark = text.substr(start, quote + 1 - start);
  const auto from = start + mark.size();
  auto end = text.find(mark, from);
  while (end != std::string_view::npos && text[end - 1] == '\\') end = text.find(mark, end + 1);
  return {from, std::min(end, text.size())};
}

// What follows a secret name and "=" or ":", to the end of its quotes or of the line.
std::optional<Range> assigned_value(std::string_view text, std::size_t at,
                                    const SecretNames& names) {
  const auto name = name_before(text, at);
  if (name.empty() || !names.is_secret(text[at] == ':' ? after_dot(name) : name))
    return std::nullopt;
  const auto start = std::min(text.find_first_not_of(" \t", at + 1), text.size());
  if (start == text.size()) return std::nullopt;
  const auto mark = text.find_first_not_of('\\', start);
  const bool is_quoted =
      mark != std::string_view::npos && (text[mark] == '"' || text[mark] == '\'');
  if (is_quoted) return quoted_value(text, start);
  constexpr std::string_view kLineEnds("\r\n\0", 3);
  return Range{start, std::min(text.find_first_of(kLineEnds, start), text.size())};
}

// The content of <name>content</name>, with a prefix and attributes or without.
std::optional<Range> element_content(std::string_view text, std::size_t at,
                                     const SecretNames& names) {
  const auto name_end = text.find_first_of(" \t\r\n/>", at + 1);
  const auto close = text.find('>', at);
  if (close == std::string_view::npos || text[close - 1] == '/') return std::nullopt;
  const auto name = text.substr(at + 1, name_end - at - 1);
  if (name.empty() || !names.is_secret(name.substr(name.rfind(':') + 1))) return std::nullopt;
  const auto end = text.find("</" + std::string(name), close);
  return Range{close + 1, std::min(end, text.size())};
}

// Of "//user:password@host" the password, of "//token@host" the token.
std::optional<Range> user_part(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("//")) return std::nullopt;
  const auto start = at + 2;
  const auto authority = text.substr(start, text.find_first_of("/?#\\\"'<> \t\r\n", start) - start);
  const auto user = authority.rfind('@');
  if (user == std::string_view::npos) return std::nullopt;
  const auto colon = authority.substr(0, user).find(':');
  return Range{colon == std::string_view::npos ? start : start + colon + 1, start + user};
}

std::optional<Range> secret_at(std::string_view text, std::size_t at, const SecretNames& names) {
  if (text[at] == '/') return user_part(text, at);
  return text[at] == '<' ? element_content(text, at, names) : assigned_value(text, at, names);
}

// Hides what the marks lead to.
std::string hidden(std::string_view text, std::string_view marks, const SecretNames& names) {
  std::string result;
  std::size_t done = 0;
  for (auto at = text.find_first_of(marks); at != std::string_view::npos;
       at = text.find_first_of(marks, std::max(at + 1, done))) {
    const auto secret = secret_at(text, at, names);
    if (!secret || secret->start >= secret->end) continue;
    result.append(text.substr(done, secret->start - done)).append(kRedacted);
    done = secret->end;
  }
  return result.append(text.substr(done));
}

// Looked at decoded, and left as it is where there was nothing to hide.
std::string redacted_value(std::string_view value, const SecretNames& names, int depth) {
  const auto decoded = form_decoded(value);
  auto shown = redacted_text(decoded, names, depth + 1);
  if (shown == decoded) return std::string(value);
  return decoded == value ? shown : percent_encoded(shown);
}

// One of the pieces of a query or of a path. Names are looked for before every "=": that of
// "next=/login?token=x" is not the first.
std::string redacted_piece(std::string_view piece, const SecretNames& names, int depth) {
  const auto first = piece.find('=');
  if (first == std::string_view::npos) {
    const bool is_plain = piece.find('%') == std::string_view::npos;
    return is_plain ? std::string(piece) : redacted_value(piece, names, depth);
  }
  for (auto at = first; at != std::string_view::npos; at = piece.find('=', at + 1)) {
    const auto name = name_before(piece, at);
    if (at + 1 == piece.size() || !names.is_secret(name)) continue;
    const auto before = piece.substr(0, at - name.size());
    const auto shown = redacted_piece(before, names, depth);
    return shown + std::string(piece.substr(before.size(), at + 1 - before.size())) +
           std::string(kRedacted);
  }
  return redacted_value(piece.substr(0, first), names, depth) + "=" +
         redacted_value(piece.substr(first + 1), names, depth);
}

std::string redacted_pieces(std::string_view text, char separator, const SecretNames& names,
                            int depth) {
  std::string result;
  for (;;) {
    const auto end = text.find(separator);
    result += redacted_piece(text.substr(0, end), names, depth);
    if (end == std::string_view::npos) return result;
    result += separator;
    text.remove_prefix(end + 1);
  }
}

bool is_one_word(std::string_view text) {
  return text.find_first_of(" \t\r\n\"'<>{}") == std::string_view::npos;
}

bool is_url(std::string_view text) {
  if (!is_one_word(text) || text.empty()) return false;
  if (text[0] == '/' || text[0] == '?' || text[0] == '#') return true;
  const auto scheme = text.substr(0, text.find("://"));
  return scheme.size() < text.size() &&
         std::all_of(scheme.begin(), scheme.end(), [](char c) { return is_letter(c) || c == '-'; });
}

bool is_pairs(std::string_view text) {
  const auto mark = text.find_first_of("=:");
  return is_one_word(text) && mark != std::string_view::npos && text[mark] == '=';
}

// A word with nothing in it that might set a name apart from a value.
bool is_plain(std::string_view text) {
  return text.find_first_of("=:%<{[@") == std::string_view::npos;
}

std::string redacted_prose(std::string_view text, const SecretNames& names, int depth) {
  auto shown = hidden(text, "=:</", names);
  if (shown.find('%') == std::string::npos) return shown;
  const auto decoded = percent_decoded(shown);
  if (decoded == shown) return shown;
  auto shown_decoded = redacted_text(decoded, names, depth + 1);
  return shown_decoded == decoded ? shown : percent_encoded(shown_decoded);
}

}  // namespace

std::string redacted_text(std::string_view text, const SecretNames& names, int depth) {
  if (is_plain(text)) return std::string(text);
  if (depth > kDepthMax) return std::string(kRedacted);
  if (auto json = redacted_json(text, names, depth)) return std::move(*json);
  if (is_url(text)) return redacted_url(text, names, depth);
  if (is_pairs(text)) return redacted_pairs(text, names, depth);
  return redacted_prose(text, names, depth);
}

std::string redacted_url(std::string_view url, const SecretNames& names, int depth) {
  const auto hash = url.find('#');
  const auto query = url.substr(0, hash).find('?');
  const auto place = url.substr(0, std::min(query, hash));
  std::string result = redacted_pieces(hidden(place, "/", names), '/', names, depth);
  if (query != std::string_view::npos)
    result += "?" + redacted_pairs(url.substr(0, hash).substr(query + 1), names, depth);
  if (hash != std::string_view::npos)
    result += "#" + redacted_pairs(url.substr(hash + 1), names, depth);
  return result;
}

std::string redacted_pairs(std::string_view pairs, const SecretNames& names, int depth) {
  return redacted_pieces(pairs, '&', names, depth);
}

}  // namespace pbaas::recording
