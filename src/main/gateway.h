// `pbaas gateway`: the front door of a fleet, one of any number. It keeps nothing that it cannot
// lose.
#pragma once

#include "base/config.h"

namespace pbaas {

// Runs until SIGTERM or SIGINT. Gives the process's exit code. Call before any thread starts.
int run_gateway(const Config& config);

}  // namespace pbaas
