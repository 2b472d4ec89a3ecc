#include "store/blocking_pool.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <future>

#include "support/run_task.h"

namespace pbaas::store {
namespace {

using support::run_task;

TEST(BlockingPool, LetsNobodyWaitForALongJobWhileAThreadIsFree) {
  net::Loop loop;
  std::promise<void> release;
  std::promise<void> begun;
  auto has_begun = begun.get_future();
  BlockingPool pool(loop, "test", 2, 10);
  auto slow = pool.run<void>([&begun, released = release.get_future().share()]() -> Status {
    begun.set_value();
    released.wait();
    return {};
  });
  boost::asio::co_spawn(loop, std::move(slow), boost::asio::detached);
  loop.poll();
  has_begun.wait();
  int done = 0;
  for (int n = 0; n < 5; ++n) {
    // It would wait for ever behind the other.
    const auto ran = run_task(loop, pool.run<int>([n]() -> Result<int> { return n; }));
    done += ran.value() == n;
  }
  release.set_value();
  EXPECT_EQ(done, 5);
}

TEST(BlockingPool, GivesTheErrorOfAFullQueueAndForgetsTheJob) {
  net::Loop loop;
  BlockingPool pool(loop, "test", 1, 0);
  for (int n = 0; n < 3; ++n) {
    const auto status = run_task(loop, pool.run<void>([]() -> Status { return {}; }));
    EXPECT_EQ(status.error().fault, Fault::kStoreUnavailable);
  }
}

}  // namespace
}  // namespace pbaas::store
