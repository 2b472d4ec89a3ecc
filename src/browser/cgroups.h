// The cgroups of browsers: one for each, which bounds what it takes and counts it. All are below a
// folder of the instance, in each tree of the layout, which is locked as long as the launcher
// process lives. The launcher process makes and removes them; the program looks at what they count.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "browser/cgroup_layout.h"
#include "browser/cgroup_use.h"
#include "browser/launcher.h"

namespace pbaas::browser {

// One browser's. Copyable: it owns nothing, `remove` is said by whoever made it.
class Cgroup {
 public:
  Cgroup() = default;
  Cgroup(CgroupLayout layout, SessionLimits limits) : layout_(std::move(layout)), limits_(limits) {}

  explicit operator bool() const { return layout_.version != CgroupVersion::kNone; }
  // A process that writes "0" to each of them moves there.
  std::vector<UniqueFd> open_procs() const;
  // The limit that it reached, with use and limit; empty: none.
  std::string reached() const;
  // Nothing of what has no file; a few microseconds for each file.
  CgroupUse use() const;
  // False where the kernel still counts a process in it.
  bool remove() const;

 private:
  std::string file(const std::string& controller, const std::string& name) const;
  std::optional<std::int64_t> read(const std::string& controller, const std::string& name,
                                   std::string_view key = {}) const;

  CgroupLayout layout_;  // its own folders
  SessionLimits limits_;
};

class Cgroups {
 public:
  // `instance` is the name of the instance's folder. Where the kernel does not let it, there are
  // none, which is logged.
  Cgroups(const CgroupLayout& layout, const std::string& instance, SessionLimits limits);

  bool available() const { return layout_.version != CgroupVersion::kNone; }
  // Says false where it cannot be made.
  Cgroup make(const std::string& name) const;
  // The instance's folders; nothing is made afterwards.
  void remove();

 private:
  CgroupLayout layout_;  // the instance's folders
  SessionLimits limits_;
  std::vector<UniqueFd> locks_;
};

// The one that the launcher process makes under these names; it need not be there (yet).
Cgroup cgroup_of(const CgroupLayout& layout, const std::string& instance, const std::string& name);

// Those of instances that are gone, launcher process and all. Gives how many folders.
int remove_stale_cgroups(const CgroupLayout& layout);

}  // namespace pbaas::browser
