// The browsers of the launcher process, each a tree of processes in one process group. They go by
// the number of their order, as the kernel gives a process number again once its group is empty.
// Launcher process only.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <string>

#include "base/unique_fd.h"
#include "browser/cgroups.h"
#include "browser/wire.h"

namespace pbaas::browser {

// One browser from its start to the report of its end.
struct Tree {
  pid_t leader = 0;  // its process id is its group's; 0 once nothing of the group is left
  std::string folder;
  bool leader_reaped = false;
  std::chrono::steady_clock::time_point reaped_at{};
  bool is_being_removed = false;
  Gone gone;
  Cgroup cgroup;
  UniqueFd early_stderr;  // of Begun
};

class Trees {
 public:
  // A tree that had the number before has no process left: it would not be free otherwise.
  void add(std::uint64_t id, pid_t leader, std::string folder);
  // Null where there is none.
  Tree* of_id(std::uint64_t id);
  Tree* of_group(pid_t group);

  std::map<std::uint64_t, Tree>& all() { return trees_; }
  const std::map<std::uint64_t, Tree>& all() const { return trees_; }
  bool empty() const { return trees_.empty(); }

 private:
  std::map<std::uint64_t, Tree> trees_;
};

}  // namespace pbaas::browser
