// `pbaas serve`: a gateway and a worker in one process, over a fleet in memory and a session log in
// SQLite.
#pragma once

#include "base/config.h"

namespace pbaas {

// Runs until SIGTERM or SIGINT, then drains. Gives the process's exit code. Call before any thread
// starts.
int serve(const Config& config);

}  // namespace pbaas
