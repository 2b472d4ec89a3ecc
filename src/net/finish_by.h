// A limit on the time a task takes.
#pragma once

#include "base/clock.h"
#include "net/task.h"

namespace pbaas::net {

// Runs the work and gives true; at the deadline cancels it, waits until it has left, and gives
// false. What the work throws is thrown on. It costs some ten allocations: for connects and
// handshakes, not for each read.
Task<bool> finish_by(Task<void> work, Deadline deadline);

// Runs the work until `stop` ends, which cancels it. Gives whether the work came to its own end.
// `stop` must not throw before the work ends.
Task<bool> run_unless(Task<void> work, Task<void> stop);

}  // namespace pbaas::net
