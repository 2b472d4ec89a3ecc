// `pbaas worker`: the browsers of one machine, for the gateways of a fleet.
#pragma once

#include "base/config.h"

namespace pbaas {

// Runs until SIGTERM or SIGINT, then drains. Gives the process's exit code. Call before any thread
// starts.
int run_worker(const Config& config);

}  // namespace pbaas
