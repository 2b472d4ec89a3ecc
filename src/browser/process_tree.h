// The processes below the launcher process. It is a subreaper, so every orphan of a browser becomes
// its child: by its process group it is known whose it was, and what left its group is a runaway.
// Launcher process only, but for `describe` and `end_orphans`.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace pbaas::browser {

struct Reaped {
  pid_t pid = 0;
  pid_t group = 0;  // read before it was reaped
  int wait_status = 0;
  std::int64_t cpu_ms = 0;  // its own and that of the children it reaped
  long peak_rss_kb = 0;     // the largest of these
};

struct ChildProcess {
  pid_t pid = 0;
  pid_t group = 0;
};

// "signal 9" or "exit status 3".
std::string describe(int wait_status);

// Kills the group of a process that is not reaped yet, so that its number cannot be another's.
void kill_group(pid_t leader);

// Reaps one dead child, if there is one. A group's leader takes its whole group with it.
std::optional<Reaped> reap_one();

// The children of this process, dead ones included.
std::vector<ChildProcess> children();

// In the program, a subreaper as well: kills and reaps what a launcher process that was itself
// killed has left. What it had just started is not yet tied to it. Blocks for up to a second.
void end_orphans(pid_t launcher_process);

}  // namespace pbaas::browser
