// What happens between fork and exec of a browser. Called by the launcher process alone.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "browser/profile.h"

namespace pbaas::browser {

struct PlacedFd {
  int fd = -1;
  int number = -1;  // what it becomes, 2 or more
};

struct SpawnSpec {
  std::vector<std::string> argv;         // its first word is the path of the program
  std::vector<std::string> environment;  // "NAME=value"
  std::string folder;                    // its whole path; becomes the working directory
  std::vector<PlacedFd> fds;             // what it has beside an empty stdin and stdout
  std::optional<Account> user;           // who it runs as, where that is somebody else
  std::vector<UniqueFd> cgroups{};       // files to write "0" to, to move there
};

// Forks and execs the browser as the leader of its own process group; it dies with its parent.
// Returns once the exec was done. Errors: kLaunchFailed, naming the step.
Result<pid_t> spawn(const SpawnSpec& spec);

}  // namespace pbaas::browser
