#include "recording/cookie_date.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "base/ascii.h"

namespace pbaas::recording {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"jan", "feb", "mar", "apr", "may", "jun",
                                                   "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr int kFirstYear = 1601;

struct Found {
  std::optional<std::array<int, 3>> time;  // hour, minute, second
  std::optional<int> day;
  std::optional<int> month;
  std::optional<int> year;
};

bool is_delimiter(char c) {
  return c == '\t' || (c >= ' ' && c <= '/') || (c >= ';' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

// A number of so many digits at the start of the text, which more text may follow.
std::optional<int> take_number(std::string_view& text, std::size_t least, std::size_t most) {
  std::size_t digits = 0;
  while (digits < text.size() && is_digit(text[digits])) ++digits;
  if (digits < least || digits > most) return std::nullopt;
  int number = 0;
  for (const char c : text.substr(0, digits)) number = number * 10 + (c - '0');
  text.remove_prefix(digits);
  return number;
}

std::optional<std::array<int, 3>> read_time(std::string_view token) {
  std::array<int, 3> time{};
  for (std::size_t i = 0; i < time.size(); ++i) {
    if (i > 0 && !token.starts_with(':')) return std::nullopt;
    if (i > 0) token.remove_prefix(1);
    const auto number = take_number(token, 1, 2);
    if (!number) return std::nullopt;
    time[i] = *number;
  }
  return time;
}

std::optional<int> read_month(std::string_view token) {
  const auto found = std::find_if(kMonths.begin(), kMonths.end(), [&](std::string_view month) {
    return same_word(month, token.substr(0, month.size()));
  });
  if (found == kMonths.end()) return std::nullopt;
  return static_cast<int>(found - kMonths.begin()) + 1;
}

// Years of two digits are of the century that begins with 1970.
std::optional<int> read_year(std::string_view token) {
  const auto year = take_number(token, 2, 4);
  if (!year) return std::nullopt;
  if (*year < 70) return *year + 2000;
  return *year < 100 ? *year + 1900 : *year;
}

// Each kind of word is looked for until it is found, in this order.
void note(std::string_view token, Found& found) {
  if (!found.time && (found.time = read_time(token))) return;
  if (!found.day) {
    auto rest = token;
    if ((found.day = take_number(rest, 1, 2))) return;
  }
  if (!found.month && (found.month = read_month(token))) return;
  if (!found.year) found.year = read_year(token);
}

}  // namespace

std::optional<std::int64_t> cookie_date(std::string_view text) {
  Found found;
  while (!text.empty()) {
    const auto end = std::find_if(text.begin(), text.end(), is_delimiter) - text.begin();
    if (end > 0) note(text.substr(0, static_cast<std::size_t>(end)), found);
    text.remove_prefix(std::min(static_cast<std::size_t>(end) + 1, text.size()));
  }
  if (!found.time || !found.day || !found.month || !found.year) return std::nullopt;
  const auto [hour, minute, second] = *found.time;
  const auto date = std::chrono::year(*found.year) / *found.month / *found.day;
  if (!date.ok() || *found.year < kFirstYear || hour > 23 || minute > 59 || second > 59)
    return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch().count();
  return std::int64_t{days} * 86'400 + hour * 3'600 + minute * 60 + second;
}

}  // namespace pbaas::recording
