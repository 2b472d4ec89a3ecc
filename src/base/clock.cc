#include "base/clock.h"

#include <algorithm>
#include <cstdio>
#include <ctime>

namespace pbaas {
namespace {

// Takes digits from the front of a text, for as long as all of it is as expected.
class Digits {
 public:
  explicit Digits(std::string_view text) : rest_(text) {}

  // Exactly so many digits that make a number in a range.
  int number(std::size_t count, int min, int max) {
    int value = 0;
    for (std::size_t n = 0; n < count; ++n) value = value * 10 + digit();
    good_ = good_ && value >= min && value <= max;
    return value;
  }
  // One of these characters, which it gives.
  char one_of(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) {
      good_ = false;
      return '\0';
    }
    const char found = rest_.front();
    rest_.remove_prefix(1);
    return found;
  }
  // What is behind the point, in thousandths; at least one digit.
  int thousandths() {
    int value = digit() * 100;
    for (int unit = 10; next_is_digit(); unit /= 10) value += digit() * unit;
    return value;
  }
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool is_done() const { return good_ && rest_.empty(); }

 private:
  bool next_is_digit() const {
    return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9';
  }
  int digit() {
    if (!next_is_digit()) {
      good_ = false;
      return 0;
    }
    const int value = rest_.front() - '0';
    rest_.remove_prefix(1);
    return value;
  }

  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

Instant SystemClock::now() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::steady_clock::now());
}

WallTime SystemClock::wall() const {
  return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
}

Duration Deadline::left(const Clock& clock) const {
  return std::max(when_ - clock.now(), Duration::zero());
}

std::string to_rfc3339(WallTime time) {
  const auto ms = time.time_since_epoch().count();
  const auto seconds = static_cast<std::time_t>(ms / 1000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[80];
  std::snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
                static_cast<int>(ms % 1000));
  return text;
}

std::optional<WallTime> from_rfc3339(std::string_view text) {
  using std::chrono::minutes;
  Digits digits(text);
  const std::chrono::year year(digits.number(4, 0, 9999));
  digits.one_of("-");
  const std::chrono::month month(static_cast<unsigned>(digits.number(2, 1, 12)));
  digits.one_of("-");
  const std::chrono::day day(static_cast<unsigned>(digits.number(2, 1, 31)));
  digits.one_of("Tt ");
  const std::chrono::hours hour(digits.number(2, 0, 23));
  digits.one_of(":");
  const minutes minute(digits.number(2, 0, 59));
  digits.one_of(":");
  // A leap second is the first of the next minute: the system's clock has none either.
  const std::chrono::seconds second(digits.number(2, 0, 60));
  Duration fraction{0};
  if (digits.next_is('.')) {
    digits.one_of(".");
    fraction = Duration{digits.thousandths()};
  }
  minutes offset{0};
  const char sign = digits.one_of("Zz+-");
  if (sign == '+' || sign == '-') {
    const int hours = digits.number(2, 0, 23);
    digits.one_of(":");
    offset = minutes{hours * 60 + digits.number(2, 0, 59)} * (sign == '+' ? 1 : -1);
  }
  const std::chrono::year_month_day date{year, month, day};
  if (!digits.is_done() || !date.ok()) return std::nullopt;
  return WallTime{std::chrono::sys_days(date)} + hour + minute + second + fraction - offset;
}

}  // namespace pbaas
