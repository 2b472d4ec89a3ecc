#include "main/signals.h"

#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdlib>

namespace pbaas {

Signals::Signals(net::Loop& loop) : signals_(loop, SIGTERM, SIGINT) {}

net::Task<void> Signals::run(std::function<void()> gently, std::function<void()> at_once) {
  co_await signals_.async_wait(boost::asio::use_awaitable);
  gently();
  co_await signals_.async_wait(boost::asio::use_awaitable);
  at_once();
  co_await signals_.async_wait(boost::asio::use_awaitable);
  std::_Exit(EXIT_FAILURE);
}

}  // namespace pbaas
