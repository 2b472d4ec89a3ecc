#include "store/valid_text.h"

#include <cstddef>

namespace pbaas::store {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// How many bytes at the beginning of `text` are one character of UTF-8; 0 if none is.
// https://www.unicode.org/versions/Unicode15.0.0/ch03.pdf, table 3-7
std::size_t character_bytes(std::string_view text) {
  const auto at = [&](std::size_t n) { return static_cast<unsigned char>(text[n]); };
  const unsigned char first = at(0);
  if (first == 0) return 0;  // Valid, but no database keeps it.
  if (first < 0x80) return 1;
  const std::size_t size = first < 0xC2   ? 0
                           : first < 0xE0 ? 2
                           : first < 0xF0 ? 3
                           : first < 0xF5 ? 4
                                          : 0;
  if (size == 0 || text.size() < size) return 0;
  const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
  if (at(1) < low || at(1) > high) return 0;
  for (std::size_t n = 2; n < size; ++n) {
    if ((at(n) & 0xC0) != 0x80) return 0;
  }
  return size;
}

}  // namespace

std::string valid_text(std::string_view text) {
  std::string valid;
  while (!text.empty()) {
    const auto size = character_bytes(text);
    valid += size == 0 ? kReplacement : text.substr(0, size);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return valid;
}

}  // namespace pbaas::store
