#include "store/spool_record.h"

#include <boost/crc.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cstdio>

#include "session/record_json.h"
#include "store/valid_text.h"

namespace pbaas::store {
namespace {

namespace json = boost::json;

constexpr std::size_t kHexDigits = 8;
constexpr std::size_t kHeadBytes = 2 * (kHexDigits + 1);
// Far more than the largest session that the API takes.
constexpr std::size_t kRecordBytesMax = 1 << 20;

std::uint32_t check_sum(std::string_view bytes) {
  boost::crc_32_type crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::string to_hex(std::uint32_t value) {
  char text[kHexDigits + 1];
  std::snprintf(text, sizeof text, "%08x", value);
  return text;
}

std::optional<std::uint32_t> from_hex(std::string_view digits) {
  std::uint32_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, 16);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<SpoolRecord> to_record(std::string_view body) {
  boost::system::error_code error;
  const auto value = json::parse(body, error);
  const auto* object = error ? nullptr : value.if_object();
  const auto* seq = object ? object->if_contains("seq") : nullptr;
  const auto* record = object ? object->if_contains("session") : nullptr;
  if (!seq || !seq->is_int64() || !record || !record->is_object()) return std::nullopt;
  auto session = session::session_from_record(record->as_object());
  if (!session) return std::nullopt;
  return SpoolRecord{seq->as_int64(), std::move(*session)};
}

// Past the next line's end, where a line may begin.
SpoolReading pass_over(std::string_view bytes) {
  const auto end = bytes.find('\n');
  if (end == std::string_view::npos) return {bytes.size(), std::nullopt};
  return {end + 1, std::nullopt};
}

}  // namespace

std::string to_spool_line(std::int64_t seq, const session::Session& session) {
  auto record = session::to_record(session);
  record["end_detail"] = valid_text(session.end_detail);
  const auto body = json::serialize(json::object{{"seq", seq}, {"session", std::move(record)}});
  return to_hex(check_sum(body)) + " " + to_hex(static_cast<std::uint32_t>(body.size())) + " " +
         body + "\n";
}

SpoolReading read_spool_line(std::string_view bytes) {
  if (bytes.size() < kHeadBytes) return {};
  const auto sum = from_hex(bytes.substr(0, kHexDigits));
  const auto size = from_hex(bytes.substr(kHexDigits + 1, kHexDigits));
  const bool is_head = bytes[kHexDigits] == ' ' && bytes[kHeadBytes - 1] == ' ';
  if (!sum || !size || !is_head || *size > kRecordBytesMax) return pass_over(bytes);
  if (bytes.size() < kHeadBytes + *size + 1) {
    // A line's end inside says that it was cut off, and something was written behind it.
    const auto passed = pass_over(bytes);
    return passed.bytes < bytes.size() ? passed : SpoolReading{};
  }
  const auto body = bytes.substr(kHeadBytes, *size);
  if (check_sum(body) != *sum) return pass_over(bytes);
  return {kHeadBytes + *size + 1, to_record(body)};
}

}  // namespace pbaas::store
