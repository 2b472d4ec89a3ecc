// Where gateways reach a worker.
#pragma once

#include <string>

#include "base/error.h"

namespace pbaas {

// WORKER_ADDRESS as host:port with an IP address: a name is looked up, a missing port is the one
// that was bound, and a missing host is the address from which this machine reaches the host of
// `toward` (Redis's). Blocks: for the start of the program. Errors: kInvalidField.
Result<std::string> worker_address(const std::string& setting, int port, const std::string& toward);

}  // namespace pbaas
