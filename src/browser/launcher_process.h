// The launcher process: a small child of the program with one thread, which starts browsers, reaps
// them and removes their folders. When the program is gone, which it sees by the end of their
// socket, it kills what is left, removes the instance's folder, and leaves.
#pragma once

#include <optional>
#include <string>

#include "base/unique_fd.h"
#include "browser/cgroups.h"
#include "browser/profile.h"

namespace pbaas::browser {

struct LauncherProcessSpec {
  UniqueFd socket;  // SOCK_SEQPACKET, the other end of which the program has
  InstanceFolder instance;
  std::optional<Account> user;  // who browsers run as, where that is somebody else
  bool sandbox = false;         // whether orders are for bwrap, around an init of ours
  CgroupLayout cgroups{};
  SessionLimits limits{};
};

// What the child does after the fork. It never returns.
[[noreturn]] void run_launcher_process(LauncherProcessSpec spec);

}  // namespace pbaas::browser
