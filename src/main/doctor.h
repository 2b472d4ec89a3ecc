// `pbaas doctor`: checks what this machine has; each line is ok, or says what to do.
#pragma once

#include "base/config.h"

namespace pbaas {

// Gives the process's exit code: failure where something that is needed is missing.
int doctor(const Config& config);

}  // namespace pbaas
