// What the launcher needs to know, from the settings and from what is installed.
#pragma once

#include "base/config.h"
#include "browser/launcher.h"

namespace pbaas {

// Errors: kLaunchFailed naming the browser that is missing and how to get it.
Result<browser::LauncherConfig> launcher_config(const Config& config);

}  // namespace pbaas
