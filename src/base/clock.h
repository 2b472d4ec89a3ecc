// Time comes through a Clock, so that a test can own it. Durations and deadlines are counted on the
// monotonic clock; the wall clock is for humans alone.
#pragma once

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace pbaas {

using Duration = std::chrono::milliseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

// Thread-safe. Outlives whatever it is given to.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;
  virtual WallTime wall() const = 0;
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
  WallTime wall() const override;
};

// A clock that moves only when told to, both times together. Not thread-safe.
class TestClock final : public Clock {
 public:
  Instant now() const override { return now_; }
  WallTime wall() const override { return wall_; }
  void advance(Duration by) {
    now_ += by;
    wall_ += by;
  }

 private:
  Instant now_{Duration{1'000'000}};
  WallTime wall_{Duration{1'700'000'000'000}};
};

// The moment by which something must be done: a value passed down a chain of calls.
class Deadline {
 public:
  static Deadline at(Instant when) { return Deadline(when); }
  static Deadline after(const Clock& clock, Duration wait) { return Deadline(clock.now() + wait); }

  Instant when() const { return when_; }
  bool passed(const Clock& clock) const { return clock.now() >= when_; }
  // Never negative.
  Duration left(const Clock& clock) const;
  Deadline earlier(Deadline other) const { return Deadline(std::min(when_, other.when_)); }

 private:
  explicit Deadline(Instant when) : when_(when) {}
  Instant when_;
};

// RFC 3339 in UTC with milliseconds, such as "2026-01-31T12:00:00.123Z".
std::string to_rfc3339(WallTime time);
// Reads a date and time with its offset, https://www.rfc-editor.org/rfc/rfc3339#section-5.6; what
// is finer than a millisecond is dropped. Nothing for anything else.
std::optional<WallTime> from_rfc3339(std::string_view text);

}  // namespace pbaas
