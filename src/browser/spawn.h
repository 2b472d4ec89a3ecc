// What happens between fork and exec of a browser. Called by the launcher process alone.
#pragma once

#include <sys/types.h>

#include <array>
#include <optional>
#include <string>

#include "base/error.h"
#include "browser/profile.h"
#include "browser/wire.h"

namespace pbaas::browser {

struct SpawnSpec {
  const StartOrder& order;
  std::string folder;           // its whole path; becomes the working directory
  std::array<int, 3> fds;       // Chromium's fd 3, its fd 4 and its stderr
  std::optional<Account> user;  // who it runs as, where that is somebody else
};

// Forks and execs the browser as the leader of its own process group; it dies with its parent.
// Returns once the exec was done. Errors: kLaunchFailed, naming the step.
Result<pid_t> spawn(const SpawnSpec& spec);

}  // namespace pbaas::browser
