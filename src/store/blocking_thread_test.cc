#include "store/blocking_thread.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <future>
#include <vector>

#include "support/run_task.h"

namespace pbaas::store {
namespace {

using support::run_task;

TEST(BlockingThread, GivesWhatTheWorkGives) {
  net::Loop loop;
  BlockingThread thread(loop, "test", 10);
  EXPECT_EQ(run_task(loop, thread.run<int>([]() -> Result<int> { return 7; })).value(), 7);
}

TEST(BlockingThread, GivesTheErrorOfTheWork) {
  net::Loop loop;
  BlockingThread thread(loop, "test", 10);
  const auto status =
      run_task(loop, thread.run<void>([]() -> Status { return Error{Fault::kQueueFull, "no"}; }));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().fault, Fault::kQueueFull);
}

TEST(BlockingThread, WorksOnAThreadOfItsOwn) {
  net::Loop loop;
  BlockingThread thread(loop, "test", 10);
  const auto id = run_task(loop, thread.run<std::thread::id>([]() -> Result<std::thread::id> {
    return std::this_thread::get_id();
  }));
  EXPECT_NE(id.value(), std::this_thread::get_id());
}

TEST(BlockingThread, RunsJobsInOrder) {
  net::Loop loop;
  std::vector<int> order;
  {
    BlockingThread thread(loop, "test", 100);
    for (int n = 0; n < 100; ++n) ASSERT_TRUE(thread.post([&order, n] { order.push_back(n); }));
  }
  ASSERT_EQ(order.size(), 100U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

// Keeps the thread busy until it is let go.
class Blocked {
 public:
  explicit Blocked(BlockingThread& thread) {
    auto begun = std::make_shared<std::promise<void>>();
    auto has_begun = begun->get_future();
    thread.post([begun, released = release_.get_future().share()] {
      begun->set_value();
      released.wait();
    });
    has_begun.wait();
  }
  void release() { release_.set_value(); }

 private:
  std::promise<void> release_;
};

TEST(BlockingThread, RefusesWhatItsQueueHasNoRoomFor) {
  net::Loop loop;
  BlockingThread thread(loop, "test", 1);
  Blocked blocked(thread);
  ASSERT_TRUE(thread.post([] {}));
  const auto refused = run_task(loop, thread.run<int>([]() -> Result<int> { return 1; }));
  blocked.release();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kStoreUnavailable);
}

TEST(BlockingThread, LetsACancelledTaskGoWhileItsWorkGoesOn) {
  net::Loop loop;
  bool worked = false;
  bool cancelled = false;
  {
    BlockingThread thread(loop, "test", 10);
    Blocked blocked(thread);
    boost::asio::cancellation_signal signal;
    auto task = [](BlockingThread& on, bool& done) -> net::Task<void> {
      (void)co_await on.run<int>([&done]() -> Result<int> {
        done = true;
        return 1;
      });
    };
    boost::asio::co_spawn(
        loop, task(thread, worked),
        boost::asio::bind_cancellation_slot(
            signal.slot(), [&](std::exception_ptr why) { cancelled = why != nullptr; }));
    loop.poll();
    signal.emit(boost::asio::cancellation_type::terminal);
    loop.poll();
    EXPECT_TRUE(cancelled);
    EXPECT_FALSE(worked);
    blocked.release();
  }
  EXPECT_TRUE(worked);
  loop.poll();
}

TEST(BlockingThread, RunsWhatWasPutOffBeforeItEnds) {
  net::Loop loop;
  bool ran = false;
  {
    BlockingThread thread(loop, "test", 10);
    thread.post_later(std::chrono::hours(1), [&ran] { ran = true; });
  }
  EXPECT_TRUE(ran);
}

TEST(BlockingThread, EndsThoughAJobRetriesForEver) {
  net::Loop loop;
  int tries = 0;
  std::function<void()> retry;
  {
    BlockingThread thread(loop, "test", 10);
    retry = [&] {
      ++tries;
      thread.post_later(std::chrono::hours(1), retry);
    };
    thread.post_later(std::chrono::hours(1), retry);
  }
  EXPECT_EQ(tries, 1);
}

TEST(BlockingThread, RunsAJobWhenItsTimeHasCome) {
  net::Loop loop;
  std::promise<void> ran;
  BlockingThread thread(loop, "test", 10);
  thread.post_later(Duration{1}, [&ran] { ran.set_value(); });
  ran.get_future().wait();
}

}  // namespace
}  // namespace pbaas::store
