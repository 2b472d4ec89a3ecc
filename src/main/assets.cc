#include "main/assets.h"

namespace pbaas {

namespace fs = std::filesystem;

fs::path assets_folder() {
  std::error_code error;
  const auto program = fs::read_symlink("/proc/self/exe", error);
  // <prefix>/bin/pbaas beside <prefix>/share/pbaas; build/release/pbaas below the source tree with
  // web/.
  for (const auto& candidate : {program.parent_path().parent_path() / "share" / "pbaas",
                                program.parent_path().parent_path().parent_path() / "web"}) {
    if (fs::exists(candidate / "openapi.json", error)) return candidate;
  }
  return "/usr/share/pbaas";
}

}  // namespace pbaas
