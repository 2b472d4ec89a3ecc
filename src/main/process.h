// How a process of ours starts badly, and how it ends well.
#pragma once

#include "base/error.h"
#include "net/task.h"
#include "store/session_log.h"

namespace pbaas {

// Says on stderr what is wrong, and gives the exit code.
int fail(const Error& error);

// Ends the program without taking anything down, where a thread of its own may wake in what is no
// more.
[[noreturn]] void leave_as_it_is(int exit_code);

// The last a process does: what was recorded is safe, then the loop stops.
net::Task<void> flush_and_stop(net::Loop& loop, store::SessionLog& log);

}  // namespace pbaas
