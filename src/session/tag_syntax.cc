#include "session/tag_syntax.h"

#include <algorithm>

#include "base/ascii.h"

namespace pbaas::session {
namespace {

constexpr std::size_t kLanguageTagBytesMax = 35;  // RFC 5646 §4.4.1
constexpr std::size_t kTimezoneBytesMax = 64;

// Takes what stands before the next `separator` off the front of `rest`, and the separator.
std::string_view take_part(std::string_view& rest, char separator) {
  const auto part = rest.substr(0, rest.find(separator));
  rest.remove_prefix(std::min(rest.size(), part.size() + 1));
  return part;
}

bool is_subtag(std::string_view part) {
  return !part.empty() && part.size() <= 8 &&
         std::all_of(part.begin(), part.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

bool is_zone_part(std::string_view part) {
  return !part.empty() && is_letter(part.front()) &&
         std::all_of(part.begin(), part.end(), [](char c) {
           return is_letter(c) || is_digit(c) || c == '_' || c == '+' || c == '-';
         });
}

}  // namespace

bool is_language_tag(std::string_view text) {
  if (text.empty() || text.size() > kLanguageTagBytesMax || text.back() == '-') return false;
  const auto language = take_part(text, '-');
  if (language.size() < 2 || language.size() > 8) return false;
  if (!std::all_of(language.begin(), language.end(), is_letter)) return false;
  // A single letter or digit announces an extension, so something must follow it.
  bool announced = false;
  while (!text.empty()) {
    const auto part = take_part(text, '-');
    if (!is_subtag(part)) return false;
    announced = part.size() == 1;
  }
  return !announced;
}

bool is_timezone_name(std::string_view text) {
  if (text.empty() || text.size() > kTimezoneBytesMax || text.back() == '/') return false;
  while (!text.empty()) {
    if (!is_zone_part(take_part(text, '/'))) return false;
  }
  return true;
}

}  // namespace pbaas::session
