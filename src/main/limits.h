// What the settings and the machine allow each part.
#pragma once

#include "base/config.h"
#include "net/http_server.h"
#include "session/options.h"

namespace pbaas {

// Each relay takes two descriptors; the soft limit is often 1024.
void raise_descriptor_limit();
net::HttpLimits http_limits();
int threads_to_relay(const Config& config);
session::OptionLimits option_limits(const Config& config, bool is_recording);

}  // namespace pbaas
