// Where this process can make cgroups: in the one tree of version 2, or in version 1's tree for
// each controller. https://docs.kernel.org/admin-guide/cgroup-v2.html
#pragma once

#include <map>
#include <string>
#include <vector>

namespace pbaas::browser {

enum class CgroupVersion { kNone, kV1, kV2 };

struct CgroupLayout {
  CgroupVersion version = CgroupVersion::kNone;
  // By controller ("memory", "pids", "cpu", "cpuacct"), the folder that ours are made in. In
  // version 2 all are the same.
  std::map<std::string, std::string> folders;
  std::string why_not;  // what is missing, where there are none or not all

  // Each once.
  std::vector<std::string> distinct_folders() const;
};

// From the text of /proc/self/mounts and /proc/self/cgroup. Looks at the folders named there, and
// changes nothing.
CgroupLayout parse_cgroup_layout(const std::string& mounts, const std::string& own);

// That of this machine, made ready: in version 2 the controllers are turned on for our folders,
// for which this process may move to one of its own below.
CgroupLayout prepare_cgroups();

}  // namespace pbaas::browser
