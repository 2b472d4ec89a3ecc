// What the launcher needs to know, from the settings and from what is installed.
#pragma once

#include <string>

#include "base/config.h"
#include "browser/launcher.h"

namespace pbaas {

// Paths that were not set are looked for; one that is not found stays empty, and its creates fail.
// Errors: kLaunchFailed where the default browser is missing, or a path that was set is no program,
// with what to do.
Result<browser::LauncherConfig> launcher_config(const Config& config);

// Without any of these errors, for a check that reports them itself.
browser::LauncherConfig launcher_config_as_found(const Config& config);

// The version of the headless shell, or of Chromium where there is none, such as "156.0.8078.79";
// empty where it does not say. Blocks for some 20 ms.
std::string browser_version(const browser::LauncherConfig& launching);

}  // namespace pbaas
