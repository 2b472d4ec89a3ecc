#include "recording/ebml.h"

#include <bit>
#include <cstring>

namespace pbaas::recording::ebml {
namespace {

constexpr std::size_t kSizeBytes = 8;
constexpr std::uint64_t kSizeMark = 0x01ull << 56;
constexpr std::uint64_t kSizeMask = kSizeMark - 1;

std::string big_endian(std::uint64_t value, std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) {
    text[bytes - 1 - i] = static_cast<char>(value >> (8 * i) & 0xFF);
  }
  return text;
}

std::size_t bytes_of(std::uint64_t value) {
  const auto bits = static_cast<std::size_t>(std::bit_width(value));
  return bits == 0 ? 1 : (bits + 7) / 8;
}

}  // namespace

std::string head(Id id, std::uint64_t size) {
  return big_endian(id, bytes_of(id)) + big_endian(kSizeMark | (size & kSizeMask), kSizeBytes);
}

std::string element(Id id, std::string_view content) {
  return head(id, content.size()).append(content);
}

std::string number(Id id, std::uint64_t value) {
  return element(id, big_endian(value, bytes_of(value)));
}

std::string fixed_number(Id id, std::uint64_t value) {
  return element(id, big_endian(value, 8));
}

std::string real(Id id, double value) {
  return element(id, big_endian(std::bit_cast<std::uint64_t>(value), 8));
}

std::string simple_block_head(std::int16_t offset_ms, bool is_key) {
  constexpr char kTrackOne = static_cast<char>(0x81);
  constexpr char kKeyframe = static_cast<char>(0x80);
  std::string text(1, kTrackOne);
  text += big_endian(static_cast<std::uint16_t>(offset_ms), 2);
  text += is_key ? kKeyframe : '\0';
  return text;
}

std::optional<Head> read_head(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  const auto id_bytes = static_cast<std::size_t>(std::countl_zero(at(0))) + 1;
  if (id_bytes > 4 || bytes.size() < id_bytes + 1) return std::nullopt;
  Head head;
  for (std::size_t i = 0; i < id_bytes; ++i) head.id = head.id << 8 | at(i);
  const auto size_bytes = static_cast<std::size_t>(std::countl_zero(at(id_bytes))) + 1;
  if (size_bytes > 8 || bytes.size() < id_bytes + size_bytes) return std::nullopt;
  head.size = at(id_bytes) & (0xFFu >> size_bytes);
  bool all_ones = head.size == (0xFFu >> size_bytes);
  for (std::size_t i = 1; i < size_bytes; ++i) {
    head.size = head.size << 8 | at(id_bytes + i);
    all_ones = all_ones && at(id_bytes + i) == 0xFF;
  }
  if (all_ones) head.size = kUnknownSize;
  head.head_bytes = id_bytes + size_bytes;
  return head;
}

std::uint64_t read_number(std::string_view content) {
  std::uint64_t value = 0;
  for (const char c : content) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

}  // namespace pbaas::recording::ebml
