#include "net/task_group.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::net {
namespace {

void log_what_escaped(const std::string& name, const std::exception_ptr& escaped) {
  if (!escaped) return;
  try {
    std::rethrow_exception(escaped);
  } catch (const boost::system::system_error& error) {
    if (error.code() == boost::asio::error::operation_aborted) return;
    log::error("task_failed", {{"task", name}, {"what", error.what()}});
  } catch (const std::exception& error) {
    log::error("task_failed", {{"task", name}, {"what", error.what()}});
  }
}

}  // namespace

Task<void> TaskGroup::idle(const Clock& clock, Deadline deadline) {
  // Whoever waits so waits for other machines, to whom this is no time.
  constexpr Duration kLook{5};
  while (*running_ > 0 && !deadline.passed(clock)) co_await sleep_for(kLook);
}

void TaskGroup::spawn(std::string name, Task<void> task) {
  ++*running_;
  boost::asio::co_spawn(
      loop_, std::move(task),
      [running = running_, name = std::move(name)](const std::exception_ptr& escaped) {
        --*running;
        log_what_escaped(name, escaped);
      });
}

}  // namespace pbaas::net
