// A Task is a coroutine of the loop: it starts when awaited, and destroying it cancels it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace pbaas::net {

template <typename T>
using Task = boost::asio::awaitable<T>;

// The loop of the program: HTTP, sessions and the worker live on one thread that runs it.
using Loop = boost::asio::io_context;

}  // namespace pbaas::net
