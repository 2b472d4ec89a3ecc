#include "base/clock.h"

#include <gtest/gtest.h>

namespace pbaas {
namespace {

TEST(Deadline, PassesAtItsVeryMoment) {
  TestClock clock;
  const auto deadline = Deadline::after(clock, Duration{10});
  clock.advance(Duration{9});
  EXPECT_FALSE(deadline.passed(clock));
  EXPECT_EQ(deadline.left(clock), Duration{1});
  clock.advance(Duration{1});
  EXPECT_TRUE(deadline.passed(clock));
}

TEST(Deadline, NeverHasLessThanNothingLeft) {
  TestClock clock;
  const auto deadline = Deadline::after(clock, Duration{10});
  clock.advance(Duration{1000});
  EXPECT_EQ(deadline.left(clock), Duration::zero());
}

TEST(Deadline, GivesTheEarlierOfTwo) {
  const TestClock clock;
  const auto soon = Deadline::after(clock, Duration{1});
  const auto late = Deadline::after(clock, Duration{2});
  EXPECT_EQ(soon.earlier(late).when(), soon.when());
  EXPECT_EQ(late.earlier(soon).when(), soon.when());
}

TEST(TestClock, MovesBothTimesTogether) {
  TestClock clock;
  const auto now = clock.now();
  const auto wall = clock.wall();
  clock.advance(Duration{5});
  EXPECT_EQ(clock.now() - now, Duration{5});
  EXPECT_EQ(clock.wall() - wall, Duration{5});
}

TEST(SystemClock, NeverGoesBack) {
  const SystemClock clock;
  const auto before = clock.now();
  EXPECT_GE(clock.now(), before);
}

TEST(Rfc3339, IsUtcWithMilliseconds) {
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(WallTime{Duration{1'700'000'000'007}}), "2023-11-14T22:13:20.007Z");
  EXPECT_EQ(to_rfc3339(WallTime{Duration{1'709'164'800'000}}), "2024-02-29T00:00:00.000Z");
}

TEST(Rfc3339, IsReadBackAsItWasWritten) {
  for (const std::int64_t ms :
       {0LL, 1'700'000'000'007LL, 1'709'164'800'000LL, 253'402'300'799'999LL})
    EXPECT_EQ(from_rfc3339(to_rfc3339(WallTime{Duration{ms}})), WallTime{Duration{ms}});
}

TEST(Rfc3339, TakesOffsetsAndAnyFraction) {
  const WallTime time{Duration{1'700'000'000'000}};
  for (const char* text :
       {"2023-11-14T22:13:20Z", "2023-11-14t22:13:20z", "2023-11-14 22:13:20Z",
        "2023-11-14T23:43:20+01:30", "2023-11-14T17:13:20-05:00", "2023-11-14T22:13:20.0001Z"})
    EXPECT_EQ(from_rfc3339(text), time) << text;
  EXPECT_EQ(from_rfc3339("2023-11-14T22:13:20.25Z"), time + Duration{250});
  EXPECT_EQ(from_rfc3339("2016-12-31T23:59:60Z"), from_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(Rfc3339, IsNothingElse) {
  for (const char* text :
       {"", "2023", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13Z",
        "2023-02-29T00:00:00Z", "2023-13-01T00:00:00Z", "2023-11-14T24:00:00Z",
        "2023-11-14T22:60:20Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:20.Z",
        "2023-11-14T22:13:20+0100", "2023-11-14T22:13:20Z ", " 2023-11-14T22:13:20Z", "1700000000",
        "+023-11-14T22:13:20Z", "2023-11-14T22:13:20 01:00"})
    EXPECT_FALSE(from_rfc3339(text)) << text;
}

}  // namespace
}  // namespace pbaas
