// The browsers of this machine and their way out, as `serve` and `worker` both have them. Loop
// thread only.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/config.h"
#include "browser/launcher.h"
#include "main/way_out.h"
#include "net/task.h"

namespace pbaas {

struct Browsers {
  std::unique_ptr<WayOut> way_out;  // Outlives the launcher, which calls it.
  std::unique_ptr<browser::Launcher> launcher;
};

// To be called before the program has threads: the launcher process is forked off, and the threads
// of the way out start after it. Errors: kInvalidField, where EGRESS_ALLOW cannot be read, and
// those of Launcher::create.
Result<Browsers> open_browsers(const Config& config, browser::LauncherConfig launching,
                               net::Loop& loop, const Clock& clock);

}  // namespace pbaas
