#include "net/task_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "net/event.h"
#include "support/run_task.h"

namespace pbaas::net {
namespace {

Task<void> wait_for(Event& event) {
  const auto deadline = Deadline::after(SystemClock(), Duration{60'000});
  co_await event.wait(deadline);
}

Task<void> fail() {
  throw std::runtime_error("out of luck");
  co_return;
}

TEST(TaskGroup, CountsItsTasksUntilTheyEnd) {
  Loop loop(1);
  Event event(loop);
  TaskGroup tasks(loop);
  tasks.spawn("first", wait_for(event));
  loop.poll();
  EXPECT_EQ(tasks.running(), 1);
  event.set();
  loop.restart();
  loop.poll();
  EXPECT_EQ(tasks.running(), 0);
}

TEST(TaskGroup, LogsWhatEscapesATaskByTheTasksName) {
  Loop loop(1);
  TaskGroup tasks(loop);
  ::testing::internal::CaptureStderr();
  tasks.spawn("unlucky", fail());
  loop.poll();
  const auto line = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(line, ::testing::HasSubstr("unlucky"));
  EXPECT_THAT(line, ::testing::HasSubstr("out of luck"));
  EXPECT_EQ(tasks.running(), 0);
}

Task<void> leave_by_exception(int& count, Duration after) {
  co_await sleep_for(after);
  ++count;
  throw std::runtime_error("on its way out");
}

TEST(TaskGroup, IsIdleWhenTheLastTaskHasLeftByWhateverWay) {
  Loop loop;
  const SystemClock clock;
  TaskGroup tasks(loop);
  int left = 0;
  for (int n = 0; n < 3; ++n) {
    tasks.spawn("test", leave_by_exception(left, Duration{n}));
  }
  support::run_task(loop, tasks.idle(clock, Deadline::after(clock, Duration{10'000})));
  EXPECT_EQ(left, 3);
}

TEST(TaskGroup, IsWaitedForNoLongerThanUntilTheDeadline) {
  Loop loop;
  const SystemClock clock;
  TaskGroup tasks(loop);
  tasks.spawn("test", sleep_for(std::chrono::hours(1)));
  support::run_task(loop, tasks.idle(clock, Deadline::after(clock, Duration{20})));
  EXPECT_EQ(tasks.running(), 1U);
}

}  // namespace
}  // namespace pbaas::net
