// What must be right on a machine for browsers to start, for `pbaas doctor` and for the start of
// the service: each with what to do where it is not.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"
#include "browser/launcher.h"
#include "net/task.h"

namespace pbaas::browser {

struct Check {
  std::string name;  // such as "headless-shell"
  bool ok = false;
  std::string text;  // what was found, or what to do
  bool required = true;
};

// Blocks for up to some seconds: it starts the browsers. Forks, so call it before any thread
// starts. `config` has the paths as found or set; an empty one is reported as not installed.
std::vector<Check> run_checks(const LauncherConfig& config, const Clock& clock);

// The parts of it that look at the machine alone.
Check check_bwrap();
Check check_sandbox(const LauncherConfig& config);
Check check_cgroups();
// `bytes_min` is how large its file system must be.
Check check_run_dir(const std::string& run_dir, std::uint64_t bytes_min);
Check check_fonts();
Check check_user(const std::string& user);

}  // namespace pbaas::browser
