#include "net/event.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "support/run_task.h"

namespace pbaas::net {
namespace {

namespace asio = boost::asio;

struct EventTest : ::testing::Test {
  bool wait(Duration time) {
    const auto deadline = Deadline::after(SystemClock(), time);
    return support::run_task(loop, event.wait(deadline));
  }

  Loop loop{1};
  Event event{loop};
};

TEST_F(EventTest, WakesWhoeverWaitsForIt) {
  asio::post(loop, [&] { event.set(); });
  EXPECT_TRUE(wait(Duration{60'000}));
}

TEST_F(EventTest, StaysSet) {
  event.set();
  EXPECT_TRUE(wait(Duration{0}));
  EXPECT_TRUE(wait(Duration{0}));
}

TEST_F(EventTest, SaysThatTheDeadlinePassed) {
  EXPECT_FALSE(wait(Duration{1}));
  EXPECT_FALSE(event.is_set());
}

TEST_F(EventTest, ACancelledTaskLeavesByException) {
  asio::cancellation_signal cancel;
  bool thrown = false;
  const auto deadline = Deadline::after(SystemClock(), Duration{60'000});
  asio::co_spawn(
      loop, event.wait(deadline),
      asio::bind_cancellation_slot(
          cancel.slot(), [&](const std::exception_ptr& left, bool) { thrown = left != nullptr; }));
  loop.poll();
  cancel.emit(asio::cancellation_type::terminal);
  loop.restart();
  loop.poll();
  EXPECT_TRUE(thrown);
}

}  // namespace
}  // namespace pbaas::net
