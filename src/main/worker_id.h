// The id of this machine's worker, which it keeps over restarts.
#pragma once

#include <string>

#include "base/error.h"

namespace pbaas {

// The id the worker has had since its first start on this DATA_DIR. A copy of the folder, beside it
// or in the image of another machine, draws an id of its own: two workers of one id would end each
// other's sessions. Errors: kStoreUnavailable.
Result<std::string> worker_id(const std::string& data_dir);

}  // namespace pbaas
