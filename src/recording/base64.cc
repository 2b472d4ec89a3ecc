#include "recording/base64.h"

#include <array>
#include <cstdint>

namespace pbaas::recording {
namespace {

constexpr std::uint8_t kNoDigit = 64;

constexpr std::array<std::uint8_t, 256> make_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNoDigit);
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<std::uint8_t>(kDigits[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr auto kDigitValues = make_values();

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3 + 2);
  std::uint32_t group = 0;
  int digits = 0;
  for (const char c : text) {
    const auto value = kDigitValues[static_cast<std::uint8_t>(c)];
    if (value == kNoDigit) return std::nullopt;
    group = group << 6 | value;
    if (++digits < 4) continue;
    bytes += static_cast<char>(group >> 16 & 0xFF);
    bytes += static_cast<char>(group >> 8 & 0xFF);
    bytes += static_cast<char>(group & 0xFF);
    group = 0;
    digits = 0;
  }
  if (digits >= 2) bytes += static_cast<char>(group >> (digits == 3 ? 10 : 4) & 0xFF);
  if (digits == 3) bytes += static_cast<char>(group >> 2 & 0xFF);
  return bytes;
}

}  // namespace pbaas::recording
