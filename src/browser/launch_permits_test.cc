#include "browser/launch_permits.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using Permit = LaunchPermits::Permit;

class LaunchPermitsTest : public ::testing::Test {
 protected:
  Deadline due(int ms) const { return Deadline::after(clock, Duration(ms)); }
  // What each asker got is noted in `order`.
  void ask(int name) {
    boost::asio::co_spawn(loop, permits.take(due(5'000)),
                          [this, name](std::exception_ptr, std::optional<Permit> permit) {
                            order.push_back(name);
                            held.push_back(std::move(permit));
                          });
    loop.poll();
  }

  SystemClock clock;
  net::Loop loop;
  LaunchPermits permits{loop, 1};
  std::vector<int> order;
  std::vector<std::optional<Permit>> held;
};

TEST_F(LaunchPermitsTest, GoToWhoeverAskedFirst) {
  for (const int name : {1, 2, 3}) ask(name);
  EXPECT_EQ(order, std::vector<int>({1}));
  held[0].reset();
  ASSERT_TRUE(run_until(loop, [this] { return order.size() == 2; }));
  held[1].reset();
  ASSERT_TRUE(run_until(loop, [this] { return order.size() == 3; }));
  EXPECT_EQ(order, std::vector<int>({1, 2, 3}));
}

TEST_F(LaunchPermitsTest, AreNotGivenAfterTheDeadline) {
  ask(1);
  EXPECT_FALSE(run_task(loop, permits.take(due(10))));
  held.clear();
  EXPECT_TRUE(run_task(loop, permits.take(due(1'000))));
}

TEST_F(LaunchPermitsTest, PassOnFromATaskThatIsCancelledAsItIsCalled) {
  ask(1);
  boost::asio::cancellation_signal cancel;
  bool left = false;
  boost::asio::co_spawn(
      loop, permits.take(due(5'000)),
      boost::asio::bind_cancellation_slot(
          cancel.slot(), [&](std::exception_ptr, std::optional<Permit>) { left = true; }));
  loop.poll();
  ask(3);
  boost::asio::post(loop, [&] {
    held[0].reset();
    cancel.emit(boost::asio::cancellation_type::terminal);
  });
  ASSERT_TRUE(run_until(loop, [&] { return left && order.size() == 2; }));
  EXPECT_EQ(order, std::vector<int>({1, 3}));
}

}  // namespace
}  // namespace pbaas::browser
