#include "browser/cgroups.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/log.h"
#include "browser/cgroup_file.h"
#include "browser/profile.h"

namespace pbaas::browser {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kMebi = 1 << 20;
// The weight 100 of version 2 is 1024 shares of version 1.
constexpr std::int64_t kSharesOf100 = 1024;
constexpr int kTries = 3;

CgroupLayout below(const CgroupLayout& layout, const std::string& name) {
  CgroupLayout made = layout;
  for (auto& [controller, folder] : made.folders) folder += "/" + name;
  return made;
}

bool make_folders(const CgroupLayout& layout) {
  for (const auto& folder : layout.distinct_folders()) {
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) return false;
  }
  return true;
}

UniqueFd lock(const std::string& folder) {
  UniqueFd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.valid() && ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) fd.reset();
  return fd;
}

// In between another program may start, and take it for what an earlier one left.
UniqueFd make_and_lock(const std::string& folder) {
  UniqueFd locked;
  for (int i = 0; i < kTries && !locked.valid(); ++i) {
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST) break;
    locked = lock(folder);
  }
  return locked;
}

bool limit_v1(const CgroupLayout& layout, const SessionLimits& limits) {
  const auto set = [&layout](const char* controller, const char* name, std::int64_t value) {
    const auto folder = layout.folders.find(controller);
    if (folder == layout.folders.end()) return true;
    return write_cgroup_file(folder->second + "/" + name, std::to_string(value));
  };
  bool all = set("cpu", "cpu.shares", limits.cpu_weight * kSharesOf100 / 100);
  if (limits.memory_mb > 0) {
    all = set("memory", "memory.limit_in_bytes", limits.memory_mb * kMebi) && all;
  }
  if (limits.pids > 0) all = set("pids", "pids.max", limits.pids) && all;
  return all;
}

bool limit_v2(const std::string& folder, const SessionLimits& limits) {
  const auto set = [&folder](const char* name, std::int64_t value) {
    return write_cgroup_file(folder + "/" + name, std::to_string(value));
  };
  set("cpu.weight", limits.cpu_weight);
  bool all = true;
  if (limits.memory_mb > 0) {
    all = set("memory.max", limits.memory_mb * kMebi);
    // Swap would only make the end slower, and one process killed would leave half a browser.
    set("memory.swap.max", 0);
    set("memory.oom.group", 1);
  }
  if (limits.pids > 0) all = set("pids.max", limits.pids) && all;
  return all;
}

}  // namespace

std::string Cgroup::file(const std::string& controller, const std::string& name) const {
  const auto folder = layout_.folders.find(controller);
  return folder == layout_.folders.end() ? std::string() : folder->second + "/" + name;
}

std::optional<std::int64_t> Cgroup::read(const std::string& controller, const std::string& name,
                                         std::string_view key) const {
  const auto text = read_cgroup_file(file(controller, name));
  if (text.empty()) return std::nullopt;
  return number_in(text, key);
}

std::vector<UniqueFd> Cgroup::open_procs() const {
  std::vector<UniqueFd> procs;
  for (const auto& folder : layout_.distinct_folders()) {
    procs.emplace_back(::open((folder + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  }
  return procs;
}

std::string Cgroup::reached() const {
  const bool first = layout_.version == CgroupVersion::kV1;
  const char* events = first ? "memory.oom_control" : "memory.events";
  if (limits_.memory_mb > 0 && read("memory", events, "oom_kill").value_or(0) > 0) {
    return "it took " + std::to_string(use().peak_memory_kb.value_or(0) / 1024) +
           " MiB of memory of the " + std::to_string(limits_.memory_mb) +
           " MiB of SESSION_MEMORY_MAX";
  }
  if (limits_.pids > 0 && read("pids", "pids.events", "max").value_or(0) > 0) {
    return "it took all of the " + std::to_string(limits_.pids) +
           " processes and threads of SESSION_PIDS_MAX";
  }
  return {};
}

CgroupUse Cgroup::use() const {
  const auto part = [](std::optional<std::int64_t> number, std::int64_t by) {
    return number ? std::optional(*number / by) : std::nullopt;
  };
  if (layout_.version == CgroupVersion::kV1) {
    return {part(read("cpuacct", "cpuacct.usage"), 1'000'000),
            part(read("memory", "memory.max_usage_in_bytes"), 1024)};
  }
  // Kernels before 5.19 have no memory.peak. Time is counted also where cpu is no controller of
  // ours.
  const auto peak = std::max(read("memory", "memory.peak"), read("memory", "memory.current"));
  return {part(read("memory", "cpu.stat", "usage_usec"), 1000), part(peak, 1024)};
}

bool Cgroup::remove() const {
  bool all = true;
  for (const auto& folder : layout_.distinct_folders()) {
    if (::rmdir(folder.c_str()) != 0 && errno != ENOENT) all = false;
  }
  return all;
}

Cgroups::Cgroups(const CgroupLayout& layout, const std::string& instance, SessionLimits limits)
    : layout_(below(layout, instance)), limits_(limits) {
  if (!available()) return;
  for (const auto& folder : layout_.distinct_folders()) locks_.push_back(make_and_lock(folder));
  bool ready = std::ranges::all_of(locks_, &UniqueFd::valid);
  if (layout_.version == CgroupVersion::kV2 && ready) {
    for (const auto& [controller, folder] : layout_.folders) {
      ready = write_cgroup_file(folder + "/cgroup.subtree_control", "+" + controller) && ready;
    }
  }
  if (ready) return;
  log::warn("no_session_limits", {{"why", std::string(std::strerror(errno))}});
  remove();
}

Cgroup Cgroups::make(const std::string& name) const {
  if (!available()) return {};
  const CgroupLayout own = below(layout_, name);
  Cgroup made(own, limits_);
  const bool limited = make_folders(own) && (own.version == CgroupVersion::kV1
                                                 ? limit_v1(own, limits_)
                                                 : limit_v2(own.distinct_folders().at(0), limits_));
  if (limited) return made;
  log::warn("session_limits_failed", {{"why", std::string(std::strerror(errno))}});
  made.remove();
  return {};
}

void Cgroups::remove() {
  for (const auto& folder : layout_.distinct_folders()) ::rmdir(folder.c_str());
  locks_.clear();
  layout_ = {};
}

Cgroup cgroup_of(const CgroupLayout& layout, const std::string& instance, const std::string& name) {
  return {below(below(layout, instance), name), {}};
}

int remove_stale_cgroups(const CgroupLayout& layout) {
  int removed = 0;
  for (const auto& parent : layout.distinct_folders()) {
    std::error_code none;
    for (const auto& each : fs::directory_iterator(parent, none)) {
      const std::string folder = each.path().string();
      if (!each.is_directory(none) || !is_instance_name(each.path().filename().string())) continue;
      if (!lock(folder).valid()) continue;
      for (const auto& browser : fs::directory_iterator(folder, none)) {
        if (browser.is_directory(none)) ::rmdir(browser.path().c_str());
      }
      if (::rmdir(folder.c_str()) == 0) ++removed;
    }
  }
  return removed;
}

}  // namespace pbaas::browser
