// The launcher starts browsers. It owns a small child process of its own, forked before the program
// has threads, that does every fork and exec, reaps, and removes profile folders; when the program
// dies, by kill -9 too, that child kills what is left and removes its folders. See docs/adr/.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/unique_fd.h"
#include "net/endpoint.h"
#include "net/task.h"
#include "session/options.h"
#include "session/session.h"

namespace pbaas::egress {
struct EgressSpec;
class SessionEgress;
}  // namespace pbaas::egress

namespace pbaas::browser {

class CdpPipe;

enum class Isolation { kSandbox, kNone };

// What one browser may take of the machine; 0: no limit. The first three hold where cgroups can be
// made, the others in a sandbox.
struct SessionLimits {
  std::int64_t memory_mb = 0;
  int pids = 0;
  int cpu_weight = 100;  // beside others' 100
  std::int64_t disk_mb = 512;
  std::int64_t shared_mb = 1024;  // of it, what pages may share with each other
};

struct LaunchSpec {
  std::optional<SessionId> session;  // none: a spare, which is of no session yet
  session::SessionOptions options;
};

struct LauncherConfig {
  std::string headless_shell;  // path of the binary; empty: not installed
  std::string chromium;
  // Profiles live in folders below; empty: on tmpfs where there is one.
  std::string run_dir;
  std::string user;  // as root: who browsers run as
  Isolation isolation = Isolation::kSandbox;
  SessionLimits limits;
  // With a sandbox: takes the socket on which a browser's only way out is to be served, and gives
  // what is to live as long as the browser. Empty, or giving null: there is no way out.
  using OpenEgress =
      std::function<std::unique_ptr<egress::SessionEgress>(egress::EgressSpec, UniqueFd listener)>;
  OpenEgress open_egress;
  // Made before anybody asks for a browser, which then starts some 20 ms sooner.
  int sandboxes_ahead = 0;
  // After it they are made anew: what a sandbox shows of the machine is as of its making.
  Duration sandboxes_age_max{1'800'000};
  int launches_at_once = 2;  // more than the cores can start at once only makes each slower
  Duration launch_timeout{20'000};
  Duration health_interval{10'000};
  int health_misses_max = 3;
};

// Its run directory, or the one that it has where none is set.
std::string run_dir_of(const LauncherConfig& config);

// `kOutOfMemory`: it reached a limit of its own, which `detail` names.
enum class ExitCause { kClosed, kCrashed, kHung, kOutOfMemory };

struct BrowserExit {
  ExitCause cause = ExitCause::kClosed;
  std::string detail;    // such as "signal 9", and the last lines of stderr
  Duration cpu{0};       // user and system time of the processes whose end was seen
  long peak_rss_kb = 0;  // of the largest of them
};

// One running Chromium with its own profile. Destroying it kills the whole process tree and removes
// the profile. Loop only.
class Browser {
 public:
  virtual ~Browser() = default;
  virtual const session::BrowserAddress& address() const = 0;
  virtual int pid() const = 0;
  // For what the service itself asks of the browser, such as to be recorded; it is closed when the
  // browser is gone. Null where there is none.
  virtual std::shared_ptr<CdpPipe> pipe() const { return nullptr; }
  // How clients reach the debug port; empty: by TCP to `address` on loopback. It may outlive the
  // browser.
  virtual net::Dialer dialer() const { return {}; }
  // What it took so far, or in all once it is gone.
  virtual session::ResourceUse use() { return {}; }
  // Called once, on the loop, when the process tree and the profile are gone; not called after
  // destruction. Set at once after the launch: an exit before it is set is reported when it is set.
  virtual void on_exit(std::function<void(BrowserExit)> callback) = 0;
  // Asks for the end of the process tree; `on_exit` tells when it is gone. Again: nothing.
  virtual void kill() = 0;
  // Whether it answers on its pipe by the deadline. The browser outlives the task.
  virtual net::Task<bool> answers(Deadline deadline) = 0;
  // Gives a spare to a session whose options have its signature: from now on what it sends goes out
  // by the session's proxy, and it is logged under the session's name. Address, profile and limits
  // stay as they are.
  virtual void assign(const LaunchSpec& spec) = 0;
};

class Launcher {
 public:
  // Forks the child process: call before any thread starts. Errors: kLaunchFailed with what to do.
  static Result<std::unique_ptr<Launcher>> create(net::Loop& loop, const Clock& clock,
                                                  LauncherConfig config);
  virtual ~Launcher() = default;

  // Starts a browser and waits until it answers. After an error, or when the task was cancelled,
  // nothing of it is left when this returns. Errors: kLaunchFailed, with what Chromium wrote.
  virtual net::Task<Result<std::unique_ptr<Browser>>> launch(LaunchSpec spec,
                                                             Deadline deadline) = 0;
  // What makes two launches the same browser, so that a spare may serve for either: its binary,
  // flags and environment, but for what is each browser's own. Empty where none is launched so.
  virtual std::string signature(const session::SessionOptions& options) const = 0;
  // Processes and profile folders not yet gone, for metrics and the end of a drain.
  virtual std::size_t live() const = 0;
  // Whether the child process is there. Without it no browser starts, and those that ran have
  // ended: restart the program.
  virtual bool alive() const = 0;
};

}  // namespace pbaas::browser
