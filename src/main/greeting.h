// What `pbaas serve` prints when it listens: where, and a line for each client that works as
// pasted.
#pragma once

#include "base/config.h"

namespace pbaas {

void greet(const Config& config, int port);

}  // namespace pbaas
