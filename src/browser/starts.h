// How the launcher process starts browsers: bare, or in a sandbox, which may have been made ahead
// of its order. What is started is told of by its process, which the caller reaps. Launcher process
// only.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "browser/cgroups.h"
#include "browser/init_order.h"
#include "browser/profile.h"
#include "browser/spawn.h"
#include "browser/wire.h"

namespace pbaas::browser {

// A process that leads a group, in a cgroup of its own.
struct Begun {
  pid_t pid = 0;
  Cgroup cgroup;
  // A file in memory with what it wrote before it had its browser's stderr, where it was ahead.
  UniqueFd early_stderr{};
};

// The last lines of `early_stderr`, printable. Empty where there is none.
std::string words_in(const UniqueFd& early_stderr);

struct StartsSpec {
  std::string folder;           // the instance's, in which the browsers' are
  std::optional<Account> user;  // who browsers run as, where that is somebody else
  UniqueFd init;                // the program of sandboxes' first processes, where there are any
};

class Starts {
 public:
  // `cgroups` must outlive it.
  Starts(StartsSpec spec, const Cgroups& cgroups);

  // `fds` go with the order (wire.h). A sandbox that fails once it was started ends as any process,
  // with its words on the browser's stderr or in `early_stderr`. Waits for 0.1 s at most where the
  // kernel has no room for the order. Errors: kLaunchFailed.
  Result<Begun> start(const StartOrder& order, const std::vector<UniqueFd>& fds);
  // Makes the sandbox of an order to come, in place of an older one. Where it cannot, it says so in
  // the log.
  void prepare(const PrepareOrder& order);

  // No order of this name comes any more.
  void drop(const std::string& name);
  void drop_all();
  // Whether a sandbox that waits leads this group.
  bool is_ahead(pid_t group) const;
  // For every process that was reaped.
  void on_dead(pid_t pid, int wait_status);

  void remove_when_empty(const Cgroup& cgroup) { late_cgroups_.push_back(cgroup); }
  void remove_cgroups();

 private:
  // Namespaces with an init in them that waits for its order.
  struct Sandbox {
    Begun begun;
    std::vector<std::string> command;
    UniqueFd orders;
  };

  Result<Begun> begin(const std::string& name, SpawnSpec spec);
  Result<Begun> start_bare(const StartOrder& order, const std::vector<UniqueFd>& fds);
  Result<Begun> start_in_sandbox(const StartOrder& order, const std::vector<UniqueFd>& fds);
  Result<Sandbox> make_sandbox(const std::string& name, const std::vector<std::string>& command,
                               int errors);
  void end_unused(const Begun& begun);

  StartsSpec spec_;
  const Cgroups& cgroups_;
  std::map<std::string, Sandbox> ahead_;  // by the name of the browser's folder
  std::vector<Cgroup> late_cgroups_;      // in which something may be left to end
};

}  // namespace pbaas::browser
