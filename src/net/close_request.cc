#include "net/close_request.h"

#include <array>
#include <string_view>

namespace pbaas::net {
namespace {

constexpr auto kFinalText = std::byte{0x81};
constexpr auto kMasked = std::byte{0x80};
constexpr std::size_t kHeadBytes = 6;  // two of the header, four of the mask
constexpr std::size_t kPayloadBytesMax = 125;
// Commands that are sent together; more at once are a client's work, not its leaving.
constexpr std::size_t kBytesMax = 4096;

// The size of the whole small frame that `bytes` begin with; 0 where they begin with none.
std::size_t small_frame_size(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeadBytes || (bytes[1] & kMasked) == std::byte{0}) return 0;
  const auto length = std::to_integer<std::size_t>(bytes[1] & ~kMasked);
  const auto size = kHeadBytes + length;
  return length <= kPayloadBytesMax && size <= bytes.size() ? size : 0;
}

bool names_close(std::span<const std::byte> frame) {
  if (frame[0] != kFinalText) return false;
  std::array<char, kPayloadBytesMax> text;
  const auto payload = frame.subspan(kHeadBytes);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    text[i] = std::to_integer<char>(payload[i] ^ frame[2 + i % 4]);
  }
  const std::string_view message(text.data(), payload.size());
  return message.find("\"Browser.close\"") != std::string_view::npos;
}

}  // namespace

bool asks_to_close(std::span<const std::byte> bytes) {
  if (bytes.size() > kBytesMax) return false;
  while (const auto size = small_frame_size(bytes)) {
    if (names_close(bytes.first(size))) return true;
    bytes = bytes.subspan(size);
  }
  return false;
}

}  // namespace pbaas::net
