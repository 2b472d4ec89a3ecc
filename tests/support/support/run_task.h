// Runs one task of the loop to its end, from a test.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "net/task.h"

namespace pbaas::support {

// Asio spawns only tasks of values that can be made of nothing, which a Result cannot.
template <typename T>
net::Task<void> keep_value(net::Task<T> task, std::optional<T>& value) {
  value.emplace(co_await std::move(task));
}

inline void run_task(net::Loop& loop, net::Task<void> task) {
  std::exception_ptr problem;
  bool done = false;
  loop.restart();
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr thrown) {
    problem = thrown;
    done = true;
  });
  while (!done) {
    if (loop.run_one() == 0 && !done) throw std::logic_error("the task waits for nothing");
  }
  if (problem) std::rethrow_exception(problem);
}

// Runs the loop, with whatever else lives on it, until `task` is done; gives its value or throws
// what it threw. A task that waits for something that never comes hangs the test, which ctest's
// limit ends.
template <typename T>
T run_task(net::Loop& loop, net::Task<T> task) {
  std::optional<T> value;
  run_task(loop, keep_value(std::move(task), value));
  return std::move(*value);
}

}  // namespace pbaas::support
