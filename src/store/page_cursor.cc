#include "store/page_cursor.h"

#include <charconv>
#include <cstdint>

namespace pbaas::store {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kCursorBytesMax = 128;

std::string to_base64url(std::string_view bytes) {
  std::string text;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : bytes) {
    bits = bits << 8 | static_cast<unsigned char>(c);
    for (count += 8; count >= 6; count -= 6) text.push_back(kAlphabet[bits >> (count - 6) & 63]);
  }
  if (count > 0) text.push_back(kAlphabet[bits << (6 - count) & 63]);
  return text;
}

std::optional<std::string> from_base64url(std::string_view text) {
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto digit = kAlphabet.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 255));
  }
  return bytes;
}

}  // namespace

std::string encode_cursor(const PageCursor& cursor) {
  const auto ms = cursor.created_at.time_since_epoch().count();
  return to_base64url(std::to_string(ms) + ":" + cursor.id.text());
}

std::optional<PageCursor> decode_cursor(std::string_view text) {
  if (text.size() > kCursorBytesMax) return std::nullopt;
  const auto bytes = from_base64url(text);
  const auto colon = bytes ? bytes->find(':') : std::string::npos;
  if (colon == std::string::npos) return std::nullopt;
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(bytes->data(), bytes->data() + colon, ms);
  const auto id = SessionId::parse(std::string_view(*bytes).substr(colon + 1));
  if (error != std::errc{} || end != bytes->data() + colon || !id) return std::nullopt;
  PageCursor cursor{WallTime{Duration{ms}}, *id};
  // Some other spelling of the same cursor is none that we gave.
  if (encode_cursor(cursor) != text) return std::nullopt;
  return cursor;
}

}  // namespace pbaas::store
