#include "browser/checks.h"

#include <sys/statvfs.h>
#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <filesystem>
#include <optional>

#include "browser/binaries.h"
#include "browser/cgroup_layout.h"
#include "browser/profile.h"
#include "browser/remove_tree.h"
#include "browser/sandbox_command.h"
#include "browser/sandbox_trial.h"

namespace pbaas::browser {
namespace {

using session::BrowserKind;

// Ten pages with large images side by side take about this much. In a sandbox they take it of the
// browser's own.
constexpr std::uint64_t kSharedBytesMin = 1ull << 30;
constexpr Duration kStartTime{20'000};

// A browser is started in the end by a launcher of its own, as sessions' browsers are.
std::string start_error(const LauncherConfig& config, BrowserKind kind, const Clock& clock) {
  net::Loop loop;
  auto launcher = Launcher::create(loop, clock, config);
  if (!launcher) return launcher.error().detail;
  LaunchSpec spec{SessionId::random(), {}};
  spec.options.browser = kind;
  std::optional<Result<std::unique_ptr<Browser>>> outcome;
  const auto due = Deadline::after(clock, kStartTime);
  boost::asio::co_spawn(
      loop, (*launcher)->launch(std::move(spec), due),
      [&outcome](const std::exception_ptr& escaped, Result<std::unique_ptr<Browser>> got) {
        if (!escaped) outcome.emplace(std::move(got));
        // The loop's other work, the browser's health, goes on for ever.
      });
  while (!outcome && !due.passed(clock)) loop.run_one_for(Duration(100));
  if (!outcome) return "it did not start in time";
  return *outcome ? std::string() : outcome->error().detail;
}

Check check_browser(const LauncherConfig& config, BrowserKind kind, const Clock& clock) {
  const bool is_shell = kind == BrowserKind::kHeadlessShell;
  const std::string path = is_shell ? config.headless_shell : config.chromium;
  const std::string variable = is_shell ? "HEADLESS_SHELL" : "CHROMIUM";
  const std::string package = is_shell ? "chromium-headless-shell" : "chromium";
  Check check{std::string(session::to_word(kind)), false, ""};
  if (path.empty()) {
    check.text = "not found: install " + package + " or set " + variable + " to its path";
    return check;
  }
  const auto version = version_of(path);
  if (!version) {
    check.text = version.error().detail;
    return check;
  }
  const std::string error = start_error(config, kind, clock);
  check.ok = error.empty();
  check.text = path + ", " + *version + (check.ok ? ", starts" : "; " + error);
  return check;
}

Check check_shared_memory() {
  auto check = check_run_dir("/dev/shm", kSharedBytesMin);
  check.name = "shared memory";
  check.required = false;
  if (!check.ok) check.text += "; in Docker use --shm-size=1g or more";
  return check;
}

bool has_font_in(const std::string& folder) {
  std::error_code error;
  std::filesystem::recursive_directory_iterator files(
      folder, std::filesystem::directory_options::skip_permission_denied, error);
  for (; !error && files != std::filesystem::recursive_directory_iterator();
       files.increment(error)) {
    const auto extension = files->path().extension();
    if (extension == ".ttf" || extension == ".otf" || extension == ".ttc" || extension == ".pfb") {
      return true;
    }
  }
  return false;
}

}  // namespace

Check check_bwrap() {
  Check check{"bubblewrap", false, find_bwrap()};
  check.ok = !check.text.empty();
  if (!check.ok) check.text = "not installed: apt-get install bubblewrap";
  return check;
}

// Makes the very namespaces that a browser gets.
Check check_sandbox(const LauncherConfig& config) {
  Check check{"namespaces", false, ""};
  const auto account = browser_account(config.user);
  if (!account) {
    check.text = account.error().detail;
    return check;
  }
  const auto instance = make_instance_folder(run_dir_of(config));
  if (!instance) {
    check.text = instance.error().detail;
    return check;
  }
  auto outcome = write_stand_ins(instance->path);
  if (outcome) {
    outcome = try_sandbox({find_bwrap(), instance->path + "/trial", instance->path}, *account);
  }
  remove_tree(instance->path);
  check.ok = outcome.has_value();
  check.text = check.ok ? "usable: user, mount, pid, network, ipc and uts; inside, Chromium's own "
                          "namespaces, chroot and seccomp filter"
                        : outcome.error().detail;
  return check;
}

Check check_cgroups() {
  const auto layout = prepare_cgroups();
  const std::string& why = layout.why_not;
  Check check{"cgroups", layout.version != CgroupVersion::kNone, "", false};
  const std::string version = layout.version == CgroupVersion::kV1 ? "version 1" : "version 2";
  check.text = check.ok ? version + ": browsers have limits" + (why.empty() ? "" : "; but " + why)
                        : why +
                              ", so browsers have no limits of memory, processes and processor: "
                              "run as root, or in a systemd unit with Delegate=yes";
  return check;
}

Check check_run_dir(const std::string& run_dir, std::uint64_t bytes_min) {
  Check check{"run directory", false, ""};
  struct statvfs facts{};
  if (::statvfs(run_dir.c_str(), &facts) != 0 || ::access(run_dir.c_str(), W_OK) != 0) {
    check.text = run_dir + " is not writable: " + std::strerror(errno);
    return check;
  }
  const auto bytes = std::uint64_t{facts.f_blocks} * facts.f_frsize;
  check.ok = bytes >= bytes_min;
  check.text = run_dir + " has " + std::to_string(bytes >> 20) + " MiB" +
               (check.ok ? "" : ": give it " + std::to_string(bytes_min >> 20) + " or more");
  return check;
}

Check check_fonts() {
  Check check{"fonts", false, "", false};
  for (const char* folder : {"/usr/share/fonts", "/usr/local/share/fonts"}) {
    check.ok = check.ok || has_font_in(folder);
  }
  check.text = check.ok ? "installed"
                        : "none: pages show boxes for text; install fonts-liberation, and "
                          "fonts-noto-cjk and fonts-noto-color-emoji for other scripts";
  return check;
}

Check check_user(const std::string& user) {
  Check check{"browser user", true, ""};
  if (::geteuid() != 0) {
    check.text = "browsers run as this service's own user";
    return check;
  }
  const auto account = browser_account(user);
  check.ok = account.has_value();
  if (!check.ok) {
    check.text = account.error().detail;
    return check;
  }
  check.text = "browsers run as " + (*account)->name;
  if ((*account)->name != user) check.text += ": there is no user " + user + ", or it is root";
  return check;
}

std::vector<Check> run_checks(const LauncherConfig& config, const Clock& clock) {
  std::vector<Check> checks;
  if (config.isolation == Isolation::kSandbox) {
    checks.push_back(check_bwrap());
    checks.push_back(check_sandbox(config));
    checks.push_back(check_cgroups());
  }
  const bool is_shared = config.isolation == Isolation::kNone;
  checks.push_back(check_run_dir(run_dir_of(config), is_shared ? kSharedBytesMin : 0));
  if (is_shared) checks.push_back(check_shared_memory());
  checks.push_back(check_user(config.user));
  checks.push_back(check_fonts());
  checks.push_back(check_browser(config, BrowserKind::kHeadlessShell, clock));
  checks.push_back(check_browser(config, BrowserKind::kChromium, clock));
  // One of the two is enough to serve.
  const bool any = checks[checks.size() - 1].ok || checks[checks.size() - 2].ok;
  for (std::size_t back = 1; back <= 2; ++back) checks[checks.size() - back].required = !any;
  return checks;
}

}  // namespace pbaas::browser
