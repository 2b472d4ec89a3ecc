#include "main/launcher_config.h"

#include <algorithm>
#include <thread>

namespace pbaas {

Result<browser::LauncherConfig> launcher_config(const Config& config) {
  browser::LauncherConfig launching;
  launching.headless_shell = config.headless_shell.empty() ? "/usr/lib/chromium/chromium-headless-shell" : config.headless_shell;
  launching.chromium = config.chromium.empty() ? "/usr/lib/chromium/chromium" : config.chromium;
  launching.run_dir = config.run_dir;
  launching.user = config.browser_user;
  launching.isolation = config.isolation == "none" ? browser::Isolation::kNone : browser::Isolation::kSandbox;
  launching.launches_at_once = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  return launching;
}

}  // namespace pbaas
