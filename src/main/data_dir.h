// The folder of what outlives the process. One process has it at a time: another's start would end
// this one's sessions in the log.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace pbaas {

// Makes the folder where it is missing, and holds it as long as the descriptor lives. Errors:
// kStoreUnavailable, naming DATA_DIR and what to do.
Result<UniqueFd> hold_data_dir(const std::string& path);

}  // namespace pbaas
