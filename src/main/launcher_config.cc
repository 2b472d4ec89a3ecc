#include "main/launcher_config.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

#include "browser/binaries.h"

namespace pbaas {
namespace {

using session::BrowserKind;

std::string path_of(BrowserKind kind, const std::string& set) {
  if (!set.empty()) return set;
  const char* search_path = std::getenv("PATH");
  return browser::find_program(kind, search_path == nullptr ? "" : search_path);
}

Status check_set(const std::string& variable, const std::string& path) {
  if (path.empty()) return {};
  const auto program = browser::check_program(path);
  if (program) return {};
  return Error{Fault::kLaunchFailed, variable + " is \"" + path + "\": " + program.error().detail};
}

}  // namespace

browser::LauncherConfig launcher_config_as_found(const Config& config) {
  browser::LauncherConfig launching;
  launching.headless_shell = path_of(BrowserKind::kHeadlessShell, config.headless_shell);
  launching.chromium = path_of(BrowserKind::kChromium, config.chromium);
  launching.run_dir = config.run_dir;
  launching.user = config.browser_user;
  launching.isolation =
      config.isolation == "none" ? browser::Isolation::kNone : browser::Isolation::kSandbox;
  launching.limits = {config.session_memory_mb, config.session_pids, config.session_cpu_weight,
                      config.session_disk_mb};
  launching.launches_at_once = static_cast<int>(std::max(2U, std::thread::hardware_concurrency()));
  launching.sandboxes_ahead = launching.launches_at_once;
  return launching;
}

Result<browser::LauncherConfig> launcher_config(const Config& config) {
  if (const auto set = check_set("HEADLESS_SHELL", config.headless_shell); !set) return set.error();
  if (const auto set = check_set("CHROMIUM", config.chromium); !set) return set.error();
  auto launching = launcher_config_as_found(config);
  const bool shell = config.default_browser == "headless-shell";
  if ((shell ? launching.headless_shell : launching.chromium).empty()) {
    return Error{Fault::kLaunchFailed,
                 "no " + config.default_browser + " is installed; on Debian: apt-get install " +
                     (shell ? "chromium-headless-shell" : "chromium") + ", or set " +
                     (shell ? "HEADLESS_SHELL" : "CHROMIUM") + " to its path"};
  }
  return launching;
}

std::string browser_version(const browser::LauncherConfig& launching) {
  const auto said = browser::version_of(
      launching.headless_shell.empty() ? launching.chromium : launching.headless_shell);
  if (!said) return {};
  // "Chromium 156.0.8078.79 built on ...".
  const auto first = said->find_first_of("0123456789");
  if (first == std::string::npos) return {};
  return said->substr(first, said->find_first_not_of("0123456789.", first) - first);
}

}  // namespace pbaas
