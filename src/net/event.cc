#include "net/event.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

namespace pbaas::net {

namespace asio = boost::asio;

void Event::set() {
  set_ = true;
  timer_.cancel();
}

Task<bool> Event::wait(Deadline deadline) {
  if (set_) co_return true;
  timer_.expires_at(deadline.when());
  const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
  if (set_) co_return true;
  if (error) throw boost::system::system_error(error);
  co_return false;
}

Task<void> sleep_for(Duration time) {
  const auto executor = co_await asio::this_coro::executor;
  asio::steady_timer timer(executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace pbaas::net
