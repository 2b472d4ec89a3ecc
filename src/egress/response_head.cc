#include "egress/response_head.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "egress/head_fields.h"

namespace pbaas::egress {
namespace {

struct Fields {
  std::optional<std::uint64_t> length;
  int codings = 0;
  bool chunked = false;
  bool says_close = false;
  bool says_keep_alive = false;
  bool doubtful = false;  // another reader might see something else
  bool broken = false;
};

void read_length(std::string_view value, Fields& fields) {
  std::uint64_t length = 0;
  const auto* end = value.data() + value.size();
  const auto [at, error] = std::from_chars(value.data(), end, length);
  const bool is_number = error == std::errc{} && at == end && value.size() <= 18;
  if (!is_number || (fields.length && *fields.length != length)) {
    fields.broken = true;
    return;
  }
  fields.length = length;
}

void read_field(std::string_view line, Fields& fields) {
  // A folded line belongs to the field before it, which some readers know and some do not.
  if (line.starts_with(' ') || line.starts_with('\t')) {
    fields.doubtful = true;
    return;
  }
  const auto field = field_of(line);
  const auto is = [&](std::string_view name) { return same_word(trim(field.name), name); };
  if (is("content-length")) {
    read_length(field.value, fields);
  } else if (is("transfer-encoding")) {
    ++fields.codings;
    fields.chunked = same_word(field.value, "chunked");
  } else if (is("connection") || is("proxy-connection")) {
    fields.says_close |= lists_word(field.value, "close");
    fields.says_keep_alive |= lists_word(field.value, "keep-alive");
  } else {
    return;
  }
  fields.doubtful |= field.name != trim(field.name);
}

Framing framing_of(const Fields& fields, int status, bool is_http_11, bool bodiless) {
  if (bodiless || status < 200 || status == 204 || status == 304) return {};
  if (fields.codings == 1 && fields.chunked && is_http_11) return {.kind = Framing::Kind::kChunked};
  if (fields.codings > 0) return {.kind = Framing::Kind::kUntilClose};
  if (fields.length) return {.kind = Framing::Kind::kLength, .length = *fields.length};
  return {.kind = Framing::Kind::kUntilClose};
}

// "HTTP/1.1 200 OK"; the status, or 0.
int status_of(std::string_view line) {
  constexpr std::size_t kBeforeStatus = 9;
  if (line.size() < kBeforeStatus + 3 || line[kBeforeStatus - 1] != ' ') return 0;
  const auto digits = line.substr(kBeforeStatus, 3);
  const bool ends = line.size() == kBeforeStatus + 3 || line[kBeforeStatus + 3] == ' ';
  if (!ends || !std::ranges::all_of(digits, is_digit) || digits[0] == '0') return 0;
  return (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
}

}  // namespace

std::size_t response_head_length(std::string_view bytes, std::size_t seen) {
  // The end of a line, and half of the empty one, may have been seen.
  const auto from = seen - std::min<std::size_t>(seen, 2);
  // As Chromium looks for it: an empty line, whichever way lines end.
  const auto bare = bytes.find("\n\n", from);
  const auto usual = bytes.find("\n\r\n", from);
  if (bare == std::string_view::npos && usual == std::string_view::npos) return 0;
  return usual < bare ? usual + 3 : bare + 2;
}

std::optional<ResponseHead> read_response_head(std::string_view head, bool bodiless) {
  if (head.find('\0') != std::string_view::npos) return std::nullopt;
  auto rest = head;
  const auto line = take_line(rest);
  const bool is_http_11 = line.starts_with("HTTP/1.1 ");
  if (!is_http_11 && !line.starts_with("HTTP/1.0 ")) return std::nullopt;
  ResponseHead read{.status = status_of(line)};
  if (read.status == 0) return std::nullopt;
  Fields fields;
  for (auto each = take_line(rest); !each.empty(); each = take_line(rest)) read_field(each, fields);
  if (fields.broken) return std::nullopt;
  read.body = framing_of(fields, read.status, is_http_11, bodiless);
  const bool persists = is_http_11 ? !fields.says_close : fields.says_keep_alive;
  const bool doubtful = fields.doubtful || (fields.codings > 0 && fields.length.has_value());
  read.keep_alive = persists && !doubtful && read.body.kind != Framing::Kind::kUntilClose;
  return read;
}

}  // namespace pbaas::egress
