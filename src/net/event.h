// An Event is something one task waits for and another says: set once, it stays set. Loop thread
// only; one waiter.
#pragma once

#include <boost/asio/steady_timer.hpp>

#include "base/clock.h"
#include "net/task.h"

namespace pbaas::net {

class Event {
 public:
  explicit Event(Loop& loop) : timer_(loop) {}

  void set();
  bool is_set() const { return set_; }
  // Gives true once it is set, false when the deadline passes first. A cancelled task leaves by
  // exception (operation_aborted), as from every wait of the loop.
  Task<bool> wait(Deadline deadline);

 private:
  boost::asio::steady_timer timer_;
  bool set_ = false;
};

// Sleeps; a cancelled task leaves by exception.
Task<void> sleep_for(Duration time);

}  // namespace pbaas::net
