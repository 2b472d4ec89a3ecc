#include "net/finish_by.h"

#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

namespace pbaas::net {
namespace {

namespace asio = boost::asio;

// `||` waits for a success, so a task that fails would be waited on until the other one ends.
Task<void> keep_failure(Task<void> work, std::exception_ptr& failure) {
  try {
    co_await std::move(work);
  } catch (...) {
    failure = std::current_exception();
  }
}

Task<void> wait_until(Deadline deadline) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, deadline.when());
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

Task<bool> run_unless(Task<void> work, Task<void> stop) {
  using namespace asio::experimental::awaitable_operators;
  std::exception_ptr failure;
  auto guarded = keep_failure(std::move(work), failure);
  auto race = std::move(guarded) || std::move(stop);
  const auto first = co_await std::move(race);
  if (first.index() != 0) co_return false;
  if (failure) std::rethrow_exception(failure);
  co_return true;
}

Task<bool> finish_by(Task<void> work, Deadline deadline) {
  auto timeout = wait_until(deadline);
  auto race = run_unless(std::move(work), std::move(timeout));
  const bool finished = co_await std::move(race);
  co_return finished;
}

}  // namespace pbaas::net
