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

}  // namespace
}  // namespace pbaas
