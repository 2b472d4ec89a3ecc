// Where the files of the API's reference are: beside an installed program, or in the source tree it
// was built from.
#pragma once

#include <filesystem>

namespace pbaas {

std::filesystem::path assets_folder();

}  // namespace pbaas
