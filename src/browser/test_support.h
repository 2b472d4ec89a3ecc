// What the tests of this folder share: a loop they run by hand, launchers with a run directory of
// their own, and questions about processes. For tests alone.
#pragma once

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "browser/launcher.h"
#include "browser/profile.h"
#include "browser/remove_tree.h"

namespace pbaas::browser::testing {

using std::chrono::milliseconds;

inline const std::string kHeadlessShell = "/usr/lib/chromium/chromium-headless-shell";
inline const std::string kChromium = "/usr/lib/chromium/chromium";

#define SKIP_WITHOUT(binary)                                      \
  if (::access((binary).c_str(), X_OK) != 0) {                    \
    GTEST_SKIP() << (binary) << " is not installed on this host"; \
  }

// Browsers run as another user where the test is root, so they must be able to pass through it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    pattern += "/browser-test-XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    ::chmod(pattern.c_str(), 0755);
    path_ = pattern;
  }
  ~TemporaryFolder() { remove_tree(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }
  bool is_empty() const { return std::filesystem::is_empty(path_); }
  // Folders of browsers in all instances below.
  int browser_folders() const {
    int count = 0;
    for (const auto& instance : std::filesystem::directory_iterator(path_)) {
      if (!instance.is_directory()) continue;
      for (const auto& each : std::filesystem::directory_iterator(instance)) {
        if (each.is_directory()) ++count;
      }
    }
    return count;
  }

 private:
  std::string path_;
};

// A process is gone when it is neither running nor a zombie.
inline bool is_gone(int pid) {
  return ::kill(pid, 0) != 0 && errno == ESRCH;
}

inline std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

inline std::vector<int> children_of(int pid) {
  std::vector<int> found;
  std::error_code gone;
  const std::string tasks = "/proc/" + std::to_string(pid) + "/task";
  for (const auto& task : std::filesystem::directory_iterator(tasks, gone)) {
    std::istringstream list(read_file(task.path() / "children"));
    for (int child = 0; list >> child;) found.push_back(child);
  }
  return found;
}

inline int parent_of(int pid) {
  const auto stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream after_name(stat.substr(stat.rfind(')') + 1));
  std::string state;
  int parent = 0;
  after_name >> state >> parent;
  return parent;
}

// Every process below `pid`, zombies too. A browser's are found this way alone: renderers overwrite
// their command line and environment.
inline std::set<int> descendants_of(int pid) {
  std::set<int> found;
  for (const int child : children_of(pid)) {
    found.insert(child);
    found.merge(descendants_of(child));
  }
  return found;
}

// Makes orphans children of the test, which reaps them: an init may take a second for it.
inline void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
}

inline bool all_gone(const std::set<int>& pids) {
  for (const int pid : pids) ::waitpid(pid, nullptr, WNOHANG);
  return std::all_of(pids.begin(), pids.end(), is_gone);
}

// Runs the loop until the condition holds; false where it does not in time.
inline bool run_until(net::Loop& loop, const std::function<bool()>& holds,
                      milliseconds limit = milliseconds(15'000)) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    if (loop.stopped()) loop.restart();
    loop.run_one_for(milliseconds(5));
  }
  return true;
}

// Runs a task to its end and gives its value.
template <typename T>
T run_task(net::Loop& loop, net::Task<T> task, milliseconds limit = milliseconds(30'000)) {
  std::optional<T> value;
  std::exception_ptr escaped;
  bool done = false;
  boost::asio::co_spawn(loop, std::move(task), [&](std::exception_ptr error, T got) {
    escaped = error;
    value.emplace(std::move(got));
    done = true;
  });
  if (!run_until(loop, [&] { return done; }, limit))
    throw std::runtime_error("task takes too long");
  if (escaped) std::rethrow_exception(escaped);
  return std::move(*value);
}

}  // namespace pbaas::browser::testing
