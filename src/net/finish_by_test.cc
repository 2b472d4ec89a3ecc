#include "net/finish_by.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "net/event.h"
#include "support/run_task.h"

namespace pbaas::net {
namespace {

Deadline in(Duration wait) {
  return Deadline::after(SystemClock(), wait);
}

struct Mark {
  explicit Mark(bool& where) : gone(where) {}
  ~Mark() { gone = true; }
  bool& gone;
};

Task<void> wait_marked(Event& event, bool& gone) {
  const Mark mark(gone);
  co_await event.wait(in(Duration(60'000)));
}

Task<void> fail() {
  throw std::runtime_error("failed");
  co_return;
}

Task<void> at_once() {
  co_return;
}

TEST(FinishBy, GivesTrueForWorkThatIsDoneInTime) {
  Loop loop;
  EXPECT_TRUE(support::run_task(loop, finish_by(at_once(), in(Duration(60'000)))));
}

TEST(FinishBy, CancelsWhatIsLateAndWaitsUntilItHasLeft) {
  Loop loop;
  Event event(loop);
  bool gone = false;
  EXPECT_FALSE(support::run_task(loop, finish_by(wait_marked(event, gone), in(Duration(10)))));
  EXPECT_TRUE(gone);
}

TEST(FinishBy, ThrowsOnWhatTheWorkThrowsWithoutWaiting) {
  Loop loop;
  EXPECT_THROW(support::run_task(loop, finish_by(fail(), in(Duration(60'000)))),
               std::runtime_error);
}

TEST(RunUnless, CancelsTheWorkWhenTheOtherTaskEnds) {
  Loop loop;
  Event event(loop);
  bool gone = false;
  auto task = run_unless(wait_marked(event, gone), sleep_for(Duration(5)));
  EXPECT_FALSE(support::run_task(loop, std::move(task)));
  EXPECT_TRUE(gone);
}

}  // namespace
}  // namespace pbaas::net
