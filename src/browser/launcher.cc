#include "browser/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <cerrno>
#include <cstring>
#include <exception>

#include "base/log.h"
#include "browser/command_line.h"
#include "browser/launch_permits.h"
#include "browser/launcher_line.h"
#include "browser/launcher_process.h"
#include "browser/packet_ends.h"
#include "browser/process_tree.h"
#include "browser/profile.h"
#include "browser/remove_tree.h"
#include "browser/running_browser.h"
#include "browser/sandbox_command.h"
#include "browser/sandbox_trial.h"

namespace pbaas::browser {

namespace asio = boost::asio;

namespace {

// What the launcher process takes to kill everything is 50 ms; after this it is killed itself.
constexpr int kEndTime_ms = 6'000;
// A browser that starts is busy for about so long.
constexpr Duration kPrepareAfter{300};
// The launcher process reports what is stuck after 4 s, too.
constexpr Duration kLeaveTime{10'000};
// Below it Chromium's pages crash for want of shared memory; Docker's default is 64 MiB.
constexpr std::uint64_t kSharedMemoryMin = 512ull << 20;

// Below those that the kernel takes for connections.
constexpr int kPortMin = 20'000;
constexpr std::uint64_t kPortCount = 12'000;

bool shared_memory_is_small() {
  struct statvfs facts{};
  if (::statvfs("/dev/shm", &facts) != 0) return true;
  return std::uint64_t{facts.f_blocks} * facts.f_frsize < kSharedMemoryMin;
}

SandboxSpec sandbox_spec(const LauncherConfig& config, const std::string& instance_path,
                         const std::string& name) {
  return {find_bwrap(), instance_path + "/" + name, instance_path, config.limits.disk_mb,
          config.limits.shared_mb};
}

// What browsers of an instance need for their sandboxes, after a trial that they work.
Status prepare_sandbox(const LauncherConfig& config, const std::string& instance_path,
                       const std::optional<Account>& account) {
  if (const auto written = write_stand_ins(instance_path); !written) return written;
  return try_sandbox(sandbox_spec(config, instance_path, "trial"), account);
}

// Without cgroups a browser is bounded by its profile's room alone.
CgroupLayout cgroups_for(const SessionLimits& limits) {
  if (limits.memory_mb == 0 && limits.pids == 0) return {};
  auto layout = prepare_cgroups();
  const bool lacks = layout.version == CgroupVersion::kNone || limits.pids > 0;
  if (lacks && !layout.why_not.empty()) log::warn("no_session_limits", {{"why", layout.why_not}});
  if (const int removed = remove_stale_cgroups(layout); removed > 0) {
    log::info("stale_cgroups_removed", {{"folders", removed}});
  }
  return layout;
}

struct ForkedProcess {
  pid_t process = 0;
  UniqueFd socket;
};

Result<ForkedProcess> fork_launcher(LauncherProcessSpec spec) {
  auto ends = make_packet_ends();
  if (!ends) return ends.error();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // See end_orphans.
  ForkedProcess forked{0, std::move(ends->ours)};
  spec.socket = std::move(ends->theirs);
  forked.process = ::fork();
  if (forked.process == 0) run_launcher_process(std::move(spec));
  if (forked.process > 0) return forked;
  return Error{Fault::kLaunchFailed, std::string("fork: ") + std::strerror(errno)};
}

class ForkedLauncher final : public Launcher {
 public:
  ForkedLauncher(net::Loop& loop, const Clock& clock, LauncherConfig config,
                 std::string instance_path, CgroupLayout cgroups, pid_t process, UniqueFd socket)
      : loop_(loop),
        clock_(clock),
        config_(std::move(config)),
        instance_path_(std::move(instance_path)),
        cgroups_(std::move(cgroups)),
        small_shared_memory_(shared_memory_is_small()),
        process_(process),
        line_(std::make_shared<LauncherLine>(loop, std::move(socket))),
        permits_(loop, config_.launches_at_once),
        prepare_timer_(loop),
        renew_timer_(loop) {
    line_->listen();
    renew();
  }

  // Returns when every browser and folder is gone.
  ~ForkedLauncher() override {
    line_->close();
    const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, process_, 0)));
    pollfd ended{process.get(), POLLIN, 0};
    if (::poll(&ended, 1, kEndTime_ms) != 1) {
      log::error("launcher_process_slow", {{"pid", process_}});
      ::kill(process_, SIGKILL);
    }
    ::waitpid(process_, nullptr, 0);
    end_orphans(process_);
    // Gone already, unless the process was killed before it could.
    remove_tree(instance_path_);
  }

  net::Task<Result<std::unique_ptr<Browser>>> launch(LaunchSpec spec, Deadline deadline) override {
    const std::string binary = binary_of(spec.options.browser);
    if (binary.empty()) co_return not_installed(spec.options.browser);
    if (!may_chain(spec.options)) {
      co_return Error{Fault::kLaunchFailed, "ISOLATION is none here, where no proxy is chained"};
    }
    const auto permit = co_await permits_.take(deadline);
    if (!permit) {
      co_return Error{Fault::kLaunchFailed,
                      "too many browsers start at once; none started in time"};
    }
    auto browser = std::make_unique<RunningBrowser>(loop_, clock_, line_, spec);
    const auto ordered = order(*browser, spec, binary);
    if (!ordered) co_return ordered.error();
    const auto due = deadline.earlier(Deadline::after(clock_, config_.launch_timeout));
    Status ready;
    std::exception_ptr cancelled;
    try {
      auto waiting = browser->ready(due);
      ready = co_await std::move(waiting);
    } catch (...) {
      cancelled = std::current_exception();
    }
    if (cancelled || !ready) {
      // Its permit, and whoever counts browsers, waits until there is nothing of it.
      co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
      co_await browser->leave(Deadline::after(clock_, kLeaveTime));
      co_await asio::this_coro::reset_cancellation_state();
    }
    if (cancelled) std::rethrow_exception(cancelled);
    if (!ready) co_return ready.error();
    browser->watch_health({config_.health_interval, config_.health_misses_max});
    co_return std::unique_ptr<Browser>(std::move(browser));
  }

  std::string signature(const session::SessionOptions& options) const override {
    const std::string binary = binary_of(options.browser);
    if (binary.empty() || !may_chain(options)) return {};
    return signature_of(command_line(options, line_spec(binary, "", 0)));
  }

  std::size_t live() const override { return line_->live(); }
  bool alive() const override { return line_->is_open(); }

 private:
  std::string binary_of(session::BrowserKind kind) const {
    switch (kind) {
      case session::BrowserKind::kHeadlessShell:
        return config_.headless_shell;
      case session::BrowserKind::kChromium:
        return config_.chromium;
    }
    return {};
  }

  static Error not_installed(session::BrowserKind kind) {
    const bool is_shell = kind == session::BrowserKind::kHeadlessShell;
    return {Fault::kLaunchFailed, std::string(session::to_word(kind)) +
                                      " is not installed; install it or set " +
                                      (is_shell ? "HEADLESS_SHELL" : "CHROMIUM") + " to its path"};
  }

  std::string instance_name() const { return instance_path_.substr(instance_path_.rfind('/') + 1); }

  // A gateway cannot know how each worker runs; going out without the proxy would be worse.
  bool may_chain(const session::SessionOptions& options) const {
    return !options.proxy || has_sandbox();
  }

  bool has_sandbox() const { return config_.isolation == Isolation::kSandbox; }

  CommandLineSpec line_spec(const std::string& binary, const std::string& folder, int port) const {
    // A sandbox has a /dev/shm of its own.
    return {binary, folder, config_.isolation, small_shared_memory_ && !has_sandbox(), port};
  }

  // In a network namespace any port is free. Each browser has another one, as people expect.
  int next_port() const { return kPortMin + static_cast<int>(last_folder_ % kPortCount); }

  Status order(RunningBrowser& browser, const LaunchSpec& launch, const std::string& binary) {
    const std::string name = name_of(++last_folder_);
    const int port = has_sandbox() ? next_port() : 0;
    auto line = command_line(launch.options, line_spec(binary, instance_path_ + "/" + name, port));
    browser.counted_by(cgroup_of(cgroups_, instance_name(), name));
    if (has_sandbox()) browser.in_sandbox(sandbox_of(name, binary), config_.open_egress);
    prepare_soon();
    const auto ordered = browser.order(line, name);
    if (!ordered) --last_folder_;  // The launcher process has not heard of it.
    return ordered;
  }

  std::vector<std::string> sandbox_of(const std::string& name, const std::string& binary) const {
    return sandbox_command(sandbox_spec(config_, instance_path_, name), binary);
  }

  // Sandboxes of the next browsers, for either binary where both are the system's.
  void prepare() {
    if (!has_sandbox()) return;
    const auto& binary = config_.headless_shell.empty() ? config_.chromium : config_.headless_shell;
    const auto ahead = static_cast<std::uint64_t>(config_.sandboxes_ahead);
    last_prepared_ = std::max(last_prepared_, last_folder_);
    while (last_prepared_ < last_folder_ + ahead) {
      const auto name = name_of(++last_prepared_);
      line_->prepare({name, sandbox_of(name, binary)});
    }
  }

  // Once none has been started for a while: what starts is not to be slowed down.
  void prepare_soon() {
    after(prepare_timer_, kPrepareAfter, [this] { prepare(); });
  }

  void renew() {
    last_prepared_ = last_folder_;
    prepare();
    after(renew_timer_, config_.sandboxes_age_max, [this] { renew(); });
  }

  // A timer that is over by then is told so all the same, perhaps when this is gone.
  template <typename Action>
  void after(asio::steady_timer& timer, Duration wait, const Action& action) {
    timer.expires_after(wait);
    timer.async_wait([alive = std::weak_ptr<bool>(alive_), action](const auto& error) {
      if (!error && !alive.expired()) action();
    });
  }

  // Short: Chromium makes a socket below it, whose path may have 107 bytes.
  static std::string name_of(std::uint64_t number) { return "b" + std::to_string(number); }

  net::Loop& loop_;
  const Clock& clock_;
  LauncherConfig config_;
  std::string instance_path_;
  CgroupLayout cgroups_;
  bool small_shared_memory_;
  pid_t process_;
  std::shared_ptr<LauncherLine> line_;
  LaunchPermits permits_;
  std::uint64_t last_folder_ = 0;
  std::uint64_t last_prepared_ = 0;
  asio::steady_timer prepare_timer_;
  asio::steady_timer renew_timer_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::string run_dir_of(const LauncherConfig& config) {
  if (!config.run_dir.empty()) return config.run_dir;
  return ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
}

Result<std::unique_ptr<Launcher>> Launcher::create(net::Loop& loop, const Clock& clock,
                                                   LauncherConfig config) {
  config.run_dir = run_dir_of(config);
  const auto account = browser_account(config.user);
  if (!account) return account.error();
  if (const int removed = remove_stale_instances(config.run_dir); removed > 0) {
    log::info("stale_profiles_removed", {{"instances", removed}, {"folder", config.run_dir}});
  }
  auto instance = make_instance_folder(config.run_dir);
  if (!instance) return instance.error();
  const bool sandbox = config.isolation == Isolation::kSandbox;
  if (sandbox) {
    const auto prepared = prepare_sandbox(config, instance->path, *account);
    if (!prepared) {
      remove_tree(instance->path);
      return prepared.error();
    }
  }
  const CgroupLayout cgroups = cgroups_for(config.limits);
  const std::string path = instance->path;
  auto forked =
      fork_launcher({{}, std::move(*instance), *account, sandbox, cgroups, config.limits});
  if (!forked) {
    remove_tree(path);
    return forked.error();
  }
  return std::unique_ptr<Launcher>(std::make_unique<ForkedLauncher>(
      loop, clock, std::move(config), path, cgroups, forked->process, std::move(forked->socket)));
}

}  // namespace pbaas::browser
