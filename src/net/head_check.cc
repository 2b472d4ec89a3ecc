#include "net/head_check.h"

#include <algorithm>
#include <string>

#include "base/ascii.h"

namespace pbaas::net {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

Error malformed(std::string detail) {
  return {Fault::kMalformedHttp, std::move(detail)};
}

bool is_token_char(char c) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         others.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, is_token_char);
}

// What a target may hold. Bytes above ASCII must be escaped; a fragment is never sent.
bool is_target_char(char c) {
  return c > 0x20 && c < 0x7F && c != '#';
}

bool is_value_char(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
}

bool is_host_char(char c) {
  constexpr std::string_view none = " \t,/?#@\\\"<>^`{|}";
  return is_value_char(c) && none.find(c) == std::string_view::npos;
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// CR and LF come only as a pair.
bool has_strict_line_ends(std::string_view bytes, std::size_t from) {
  for (std::size_t i = from; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) return false;
    if (bytes[i] == '\r' && i + 1 < bytes.size() && bytes[i + 1] != '\n') return false;
  }
  return true;
}

// Takes the next line off the front, without its end.
std::string_view next_line(std::string_view& rest) {
  const auto end = std::min(rest.find(kLineEnd), rest.size());
  const auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + kLineEnd.size(), rest.size()));
  return line;
}

// How the fields frame the message, as they are read one by one.
struct Framing {
  bool is_http_11 = false;
  std::size_t fields = 0;
  std::size_t hosts = 0;
  std::size_t lengths = 0;
  std::size_t codings = 0;
};

Status check_request_line(std::string_view line, const HeadLimits& limits, Framing& framing) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return malformed("a request line is a method, a target and a version");
  }
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(line.substr(0, first))) return malformed("the method is not a token");
  if (target.size() > limits.target_bytes_max) {
    return Error{Fault::kUriTooLong,
                 "a target takes at most " + std::to_string(limits.target_bytes_max) + " bytes"};
  }
  if (target.empty() || !std::ranges::all_of(target, is_target_char)) {
    return malformed("the target holds what must be percent-encoded");
  }
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return malformed("the version must be HTTP/1.1 or HTTP/1.0");
  }
  framing.is_http_11 = version == "HTTP/1.1";
  return {};
}

Status check_length(std::string_view value, Framing& framing) {
  ++framing.lengths;
  // 18 digits are more than any limit and fit 64 bits.
  if (value.empty() || value.size() > 18 || !std::ranges::all_of(value, is_digit)) {
    return malformed("Content-Length must be a number");
  }
  return {};
}

Status check_coding(std::string_view value, Framing& framing) {
  ++framing.codings;
  if (!same_word(value, "chunked")) return malformed("Transfer-Encoding takes chunked alone");
  return {};
}

Status check_host(std::string_view value, Framing& framing) {
  ++framing.hosts;
  if (!is_host(value)) return malformed("Host is not a host and a port");
  return {};
}

Status check_field(std::string_view line, Framing& framing) {
  ++framing.fields;
  if (line.starts_with(' ') || line.starts_with('\t')) {
    return malformed("a header field must be on one line");
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header field needs a colon");
  const auto name = line.substr(0, colon);
  // A blank before the colon is no token character, so it is refused here too.
  if (!is_token(name)) return malformed("a header field's name is not a token");
  const auto value = trim(line.substr(colon + 1));
  if (!std::ranges::all_of(value, is_value_char)) {
    return malformed("a header field takes no control characters");
  }
  if (same_word(name, "content-length")) return check_length(value, framing);
  if (same_word(name, "transfer-encoding")) return check_coding(value, framing);
  if (same_word(name, "host")) return check_host(value, framing);
  return {};
}

Status check_framing(const Framing& framing) {
  if (framing.lengths > 1) return malformed("there is more than one Content-Length");
  if (framing.codings > 1) return malformed("there is more than one Transfer-Encoding");
  if (framing.lengths > 0 && framing.codings > 0) {
    return malformed("Content-Length and Transfer-Encoding exclude each other");
  }
  if (framing.codings > 0 && !framing.is_http_11) {
    return malformed("HTTP/1.0 has no Transfer-Encoding");
  }
  if (framing.hosts > 1) return malformed("there is more than one Host");
  if (framing.hosts == 0 && framing.is_http_11) return malformed("HTTP/1.1 needs a Host");
  return {};
}

Error head_too_large(const HeadLimits& limits) {
  return {Fault::kHeadTooLarge, "a request head takes at most " +
                                    std::to_string(limits.head_bytes_max) + " bytes in " +
                                    std::to_string(limits.fields_max) + " fields"};
}

}  // namespace

bool is_host(std::string_view text) {
  return std::ranges::all_of(text, is_host_char);
}

std::size_t head_length(std::string_view bytes, std::size_t seen) {
  const auto end = bytes.find("\r\n\r\n", seen < 3 ? 0 : seen - 3);
  return end == std::string_view::npos ? 0 : end + 4;
}

Status check_partial_head(std::string_view bytes, const HeadLimits& limits, std::size_t seen) {
  // The longest request line: the target's limit, and room for a method, the version and blanks.
  constexpr std::size_t around_target = 64;
  const auto line = std::min(bytes.find('\n'), bytes.size());
  if (line > limits.target_bytes_max + around_target) {
    return Error{Fault::kUriTooLong,
                 "a target takes at most " + std::to_string(limits.target_bytes_max) + " bytes"};
  }
  if (bytes.size() > limits.head_bytes_max) return head_too_large(limits);
  if (!has_strict_line_ends(bytes, seen == 0 ? 0 : seen - 1)) {
    return malformed("lines end with CR LF");
  }
  // Such as the first byte of a TLS handshake: no line end may ever come.
  if (!bytes.empty() && !is_token_char(bytes.front())) {
    return malformed("a request line starts with a method; this port speaks plain HTTP");
  }
  return {};
}

Status check_head(std::string_view head, const HeadLimits& limits) {
  if (const auto size = check_partial_head(head, limits); !size) return size;

  Framing framing;
  auto rest = head;
  const auto request_line = check_request_line(next_line(rest), limits, framing);
  if (!request_line) return request_line;
  for (auto line = next_line(rest); !line.empty(); line = next_line(rest)) {
    const auto field = check_field(line, framing);
    if (!field) return field;
    if (framing.fields > limits.fields_max) return head_too_large(limits);
  }
  return check_framing(framing);
}

}  // namespace pbaas::net
