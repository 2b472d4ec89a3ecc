// The init of browsers' namespaces, which this program carries inside itself (session_init/).
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace pbaas::browser {

// A sealed file in memory with the init, to be executed by its descriptor: its start costs 1 ms
// less than this program's, nothing of it is seen inside, and no folder needs to allow it. Errors:
// kLaunchFailed, with what to do.
Result<UniqueFd> make_init_program();

}  // namespace pbaas::browser
