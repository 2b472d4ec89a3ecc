// A TaskGroup owns tasks that go on by themselves, such as the end of a session after its DELETE
// was answered. What escapes a task as an exception is logged, except cancellation. Loop thread
// only.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "net/task.h"

namespace pbaas::net {

class TaskGroup {
 public:
  explicit TaskGroup(Loop& loop) : loop_(loop), running_(std::make_shared<std::size_t>(0)) {}

  // `name` says in the log whose exception it was.
  void spawn(std::string name, Task<void> task);
  std::size_t running() const { return *running_; }
  // Done when none runs any more, or at the deadline; they go on then.
  Task<void> idle(const Clock& clock, Deadline deadline);

 private:
  Loop& loop_;
  std::shared_ptr<std::size_t>
      running_;  // Shared with the tasks' ends, which may come after the group's.
};

}  // namespace pbaas::net
