#include "browser/cgroup_layout.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "browser/cgroup_file.h"

namespace pbaas::browser {
namespace {

namespace fs = std::filesystem;

const std::set<std::string> kControllers = {"memory", "pids", "cpu", "cpuacct"};

std::vector<std::string> split(const std::string& text, char by) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, by);) parts.push_back(part);
  return parts;
}

// In a container this process's path may be one that only the host has.
std::string below(const std::string& mount, const std::string& path) {
  std::error_code none;
  const std::string folder = path == "/" ? mount : mount + path;
  return fs::is_directory(folder, none) ? folder : mount;
}

// By controller, in version 2 by "": where this process is.
std::map<std::string, std::string> own_paths(const std::string& own) {
  std::map<std::string, std::string> paths;
  for (const auto& line : split(own, '\n')) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == line.npos || second == line.npos) continue;
    const std::string path = line.substr(second + 1);
    const auto names = split(line.substr(first + 1, second - first - 1), ',');
    if (names.empty()) paths[""] = path;
    for (const auto& name : names) paths[name] = path;
  }
  return paths;
}

struct Mount {
  std::string folder;
  std::string type;
  std::vector<std::string> options;
};

std::vector<Mount> cgroup_mounts(const std::string& mounts) {
  std::vector<Mount> found;
  for (const auto& line : split(mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 4 || !fields[2].starts_with("cgroup")) continue;
    found.push_back({fields[1], fields[2], split(fields[3], ',')});
  }
  return found;
}

CgroupLayout version_2(const std::string& folder) {
  const auto offered = split(read_cgroup_file(folder + "/cgroup.controllers"), ' ');
  CgroupLayout layout{CgroupVersion::kV2, {}, {}};
  for (const auto& name : offered) {
    if (kControllers.contains(name)) layout.folders[name] = folder;
  }
  if (layout.folders.contains("memory") && layout.folders.contains("pids")) return layout;
  return {CgroupVersion::kNone, {}, folder + " has no memory and pids controllers"};
}

bool turn_on(const CgroupLayout& layout, const std::string& folder) {
  std::string words;
  for (const auto& [controller, each] : layout.folders) words += "+" + controller + " ";
  return write_cgroup_file(folder + "/cgroup.subtree_control", words);
}

// A cgroup that has children with controllers may have no process of its own.
bool turn_on_by_moving(const CgroupLayout& layout, const std::string& folder) {
  const std::string own = folder + "/pbaas-service";
  if (::mkdir(own.c_str(), 0755) != 0 && errno != EEXIST) return false;
  if (write_cgroup_file(own + "/cgroup.procs", std::to_string(::getpid())) &&
      turn_on(layout, folder)) {
    return true;
  }
  write_cgroup_file(folder + "/cgroup.procs", std::to_string(::getpid()));
  ::rmdir(own.c_str());
  return false;
}

}  // namespace

std::vector<std::string> CgroupLayout::distinct_folders() const {
  std::set<std::string> all;
  for (const auto& [controller, folder] : folders) all.insert(folder);
  return {all.begin(), all.end()};
}

CgroupLayout parse_cgroup_layout(const std::string& mounts, const std::string& own) {
  const auto paths = own_paths(own);
  const auto path_of = [&paths](const std::string& name) {
    const auto found = paths.find(name);
    return found == paths.end() ? std::string("/") : found->second;
  };
  CgroupLayout first{CgroupVersion::kV1, {}, {}};
  CgroupLayout second{CgroupVersion::kNone, {}, "no cgroups are mounted"};
  for (const auto& mount : cgroup_mounts(mounts)) {
    if (mount.type == "cgroup2") second = version_2(below(mount.folder, path_of("")));
    for (const auto& option : mount.options) {
      if (mount.type != "cgroup" || !kControllers.contains(option)) continue;
      first.folders[option] = below(mount.folder, path_of(option));
    }
  }
  if (!first.folders.contains("memory")) return second;
  if (!first.folders.contains("pids"))
    first.why_not = "there is no pids controller, so SESSION_PIDS_MAX does not hold";
  return first;
}

CgroupLayout prepare_cgroups() {
  auto layout = parse_cgroup_layout(read_cgroup_file("/proc/self/mounts"),
                                    read_cgroup_file("/proc/self/cgroup"));
  for (const auto& folder : layout.distinct_folders()) {
    if (::access(folder.c_str(), W_OK) == 0) continue;
    return {CgroupVersion::kNone, {}, folder + " is not writable"};
  }
  if (layout.version != CgroupVersion::kV2) return layout;
  const std::string folder = layout.folders.at("memory");
  if (turn_on(layout, folder) || turn_on_by_moving(layout, folder)) return layout;
  return {CgroupVersion::kNone, {}, folder + " is shared with other processes"};
}

}  // namespace pbaas::browser
