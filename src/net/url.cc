#include "net/url.h"

#include <algorithm>
#include <optional>

#include "net/head_check.h"

namespace pbaas::net {
namespace {

Error malformed_target(std::string detail) {
  return {Fault::kMalformedHttp, std::move(detail)};
}

std::optional<int> hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

// The length of the UTF-8 sequence that `text` starts with, 0 if there is none. Overlong forms,
// surrogates and what is above U+10FFFF are none: https://www.rfc-editor.org/rfc/rfc3629#section-4
std::size_t utf8_length(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  const std::size_t length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const auto second = byte(1);
  if (first == 0xE0 && second < 0xA0) return 0;
  if (first == 0xED && second > 0x9F) return 0;
  if (first == 0xF0 && second < 0x90) return 0;
  if (first == 0xF4 && second > 0x8F) return 0;
  return length;
}

bool is_control_char(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

Result<std::string> decode_segment(std::string_view raw) {
  auto segment = percent_decode(raw, Plus::kPlus);
  if (!segment) return segment;
  if (*segment == "." || *segment == "..")
    return malformed_target("a path takes no . or .. segments");
  if (segment->find('/') != std::string::npos)
    return malformed_target("a path takes no escaped slash");
  if (std::ranges::any_of(*segment, is_control_char)) {
    return malformed_target("a path takes no control characters");
  }
  return segment;
}

Result<std::string> normal_path(std::string_view raw) {
  std::string path;
  while (!raw.empty()) {
    const auto end = std::min(raw.find('/'), raw.size());
    const auto segment = decode_segment(raw.substr(0, end));
    if (!segment) return segment.error();
    if (!segment->empty()) path.append("/").append(*segment);
    raw.remove_prefix(std::min(end + 1, raw.size()));
  }
  if (path.empty()) path = "/";
  return path;
}

bool starts_with_http_scheme(std::string_view target) {
  constexpr std::string_view scheme = "http://";
  if (target.size() < scheme.size()) return false;
  return std::ranges::equal(target.substr(0, scheme.size()), scheme, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a + 32) : a) == b;
  });
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const auto length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

Result<std::string> percent_decode(std::string_view text, Plus plus) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus == Plus::kSpace) {
      decoded += ' ';
      continue;
    }
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto high = i + 1 < text.size() ? hex_digit(text[i + 1]) : std::nullopt;
    const auto low = i + 2 < text.size() ? hex_digit(text[i + 2]) : std::nullopt;
    if (!high || !low)
      return malformed_target("a percent sign takes two hexadecimal digits after it");
    decoded += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  if (decoded.find('\0') != std::string::npos) return malformed_target("a target takes no NUL");
  if (!is_utf8(decoded)) return malformed_target("a target must be UTF-8 when decoded");
  return decoded;
}

Result<std::map<std::string, std::string>> parse_query(std::string_view query) {
  std::map<std::string, std::string> values;
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const auto pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const auto name = percent_decode(pair.substr(0, equals), Plus::kSpace);
    if (!name) return name.error();
    const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), Plus::kSpace);
    if (!value) return value.error();
    values[*name] = *value;
  }
  return values;
}

Result<Target> parse_target(std::string_view target) {
  Target parsed;
  if (target.find('#') != std::string_view::npos)
    return malformed_target("a target takes no fragment");
  if (starts_with_http_scheme(target)) {
    target.remove_prefix(7);
    const auto end = std::min(target.find_first_of("/?"), target.size());
    parsed.authority = target.substr(0, end);
    target.remove_prefix(end);
    if (parsed.authority.empty()) return malformed_target("an absolute target needs a host");
    if (parsed.authority.find('@') != std::string::npos) {
      return malformed_target("a target takes no user or password");
    }
    // It takes the place of the Host field, so it is held to the same rule.
    if (!is_host(parsed.authority)) return malformed_target("a target's host is no host");
  } else if (!target.starts_with('/')) {
    return malformed_target("a target must start with a slash or http://");
  }

  const auto question = std::min(target.find('?'), target.size());
  auto path = normal_path(target.substr(0, question));
  if (!path) return path.error();
  auto query = parse_query(target.substr(std::min(question + 1, target.size())));
  if (!query) return query.error();
  parsed.path = std::move(*path);
  parsed.query = std::move(*query);
  return parsed;
}

}  // namespace pbaas::net
