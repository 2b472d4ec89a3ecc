#include "browser/launcher_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <map>

#include "base/log.h"
#include "browser/process_tree.h"
#include "browser/spawn.h"
#include "browser/wire.h"

namespace pbaas::browser {
namespace {

// How often a group that was killed is looked at until it is gone, and for how long: a process in
// an uninterruptible wait must not hold its session's end for ever.
constexpr int kLookAgain_ms = 5;
constexpr int kLooksMax = 1000;

// One browser from its start to the moment nothing of it is left.
struct Tree {
  std::string folder;
  bool leader_reaped = false;
  int looks = 0;
  Gone gone;
};

class LauncherProcess {
 public:
  LauncherProcess(LauncherProcessSpec spec, int signals)
      : spec_(std::move(spec)), signals_(signals) {}

  void run() {
    while (wait()) {
    }
    spec_.socket.reset();
    end_everything();
  }

 private:
  // Gives false when the program is gone.
  bool wait() {
    std::array<pollfd, 2> both{pollfd{spec_.socket.get(), POLLIN, 0}, pollfd{signals_, POLLIN, 0}};
    ::poll(both.data(), both.size(), has_dying() ? kLookAgain_ms : -1);
    if (both[1].revents) swallow_signals();
    reap();
    finish_dying();
    return both[0].revents == 0 || take_orders();
  }

  void swallow_signals() {
    signalfd_siginfo signal{};
    while (::read(signals_, &signal, sizeof signal) > 0) {
    }
  }

  bool take_orders() {
    Packet packet;
    switch (receive_packet(spec_.socket.get(), packet, MSG_DONTWAIT)) {
      case Received::kNotNow:
        return true;
      case Received::kPeerGone:
        return false;
      case Received::kPacket:
        break;
    }
    const Order order = order_from_json(packet.message);
    if (const auto* start = std::get_if<StartOrder>(&order)) {
      start_one(*start, packet.fds);
    } else {
      kill_one(std::get<KillOrder>(order).id);
    }
    return true;
  }

  void start_one(const StartOrder& order, const std::vector<UniqueFd>& fds) {
    if (fds.size() != 3) {
      // The kernel drops descriptors where this process has no room for more.
      report(StartFailed{order.id, "the launcher process is out of file descriptors"});
      return;
    }
    const std::string folder = spec_.instance.path + "/" + order.folder;
    if (const int error = make_browser_folder(folder, spec_.user); error != 0) {
      remove_tree(folder);
      report(StartFailed{order.id, "cannot make " + folder + ": " + std::strerror(error)});
      return;
    }
    const SpawnSpec spawn_spec{
        order, folder, {fds[0].get(), fds[1].get(), fds[2].get()}, spec_.user};
    const auto pid = spawn(spawn_spec);
    if (!pid) {
      remove_tree(folder);
      report(StartFailed{order.id, pid.error().detail});
      return;
    }
    Tree& tree = trees_[*pid];
    tree.folder = folder;
    tree.gone.id = order.id;
    report(Started{order.id, *pid});
  }

  void kill_one(std::uint64_t id) {
    for (const auto& [leader, tree] : trees_) {
      if (tree.gone.id == id && !tree.leader_reaped) kill_group(leader);
    }
  }

  void reap() {
    while (const auto dead = reap_one()) {
      const auto found = trees_.find(dead->group);
      if (found == trees_.end()) continue;
      Tree& tree = found->second;
      tree.gone.cpu_ms += dead->cpu_ms;
      tree.gone.peak_rss_kb = std::max(tree.gone.peak_rss_kb, dead->peak_rss_kb);
      if (dead->pid != found->first) continue;
      tree.leader_reaped = true;
      tree.gone.wait_status = dead->wait_status;
    }
    kill_strays();
  }

  // Nothing Chromium needs leaves its process group and becomes an orphan, so what does is killed,
  // and so is what outlived its leader.
  void kill_strays() {
    for (const auto& child : children()) {
      const auto found = trees_.find(child.group);
      if (found == trees_.end() || found->second.leader_reaped) ::kill(child.pid, SIGKILL);
    }
  }

  bool has_dying() const {
    return std::any_of(trees_.begin(), trees_.end(),
                       [](const auto& each) { return each.second.leader_reaped; });
  }

  void finish_dying() {
    for (auto each = trees_.begin(); each != trees_.end();) {
      each = finish(each->first, each->second) ? trees_.erase(each) : std::next(each);
    }
  }

  bool finish(pid_t leader, Tree& tree) {
    if (!tree.leader_reaped) return false;
    const bool last_look = ++tree.looks >= kLooksMax;
    const bool empty = ::kill(-leader, 0) != 0 && errno == ESRCH;
    if (!empty && !last_look) return false;
    if (!remove_tree(tree.folder) && !last_look) return false;
    if (last_look) log::error("browser_not_gone", {{"pid", leader}, {"folder", tree.folder}});
    report(tree.gone);
    return true;
  }

  void report(const Report& what) {
    if (!spec_.socket.valid()) return;
    // It waits where the program is slow to read; the end of the program ends the wait.
    [[maybe_unused]] const auto sent = send_packet(spec_.socket.get(), to_json(what), {}, 0);
  }

  void end_everything() {
    for (const auto& [leader, tree] : trees_) {
      if (!tree.leader_reaped) kill_group(leader);
    }
    for (int looks = 0; looks < kLooksMax && !(trees_.empty() && children().empty()); ++looks) {
      reap();
      finish_dying();
      if (trees_.empty() && children().empty()) break;
      pollfd signal{signals_, POLLIN, 0};
      ::poll(&signal, 1, kLookAgain_ms);
      swallow_signals();
    }
    remove_tree(spec_.instance.path);
  }

  LauncherProcessSpec spec_;
  int signals_;
  std::map<pid_t, Tree> trees_;  // by the leader's process id, which is its group's
};

// A terminal's Ctrl-C and an init's SIGTERM are for the program; this process leaves after it.
int take_signals() {
  for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) ::signal(each, SIG_IGN);
  ::signal(SIGCHLD, SIG_DFL);
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  ::sigprocmask(SIG_SETMASK, &child, nullptr);
  return ::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
}

// Moves the socket and the lock to the lowest numbers after stderr and closes all else: what the
// program had open, its listening socket among it, is not this process's to hold.
void keep_only(LauncherProcessSpec& spec) {
  constexpr int kAbove = 1000;
  UniqueFd socket(::fcntl(spec.socket.get(), F_DUPFD_CLOEXEC, kAbove));
  UniqueFd lock(::fcntl(spec.instance.lock.get(), F_DUPFD_CLOEXEC, kAbove));
  spec.socket.reset();
  spec.instance.lock.reset();
  ::close_range(3, kAbove - 1, 0);
  ::close_range(static_cast<unsigned>(std::max(socket.get(), lock.get())) + 1, ~0U, 0);
  spec.socket.reset(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 3));
  spec.instance.lock.reset(::fcntl(lock.get(), F_DUPFD_CLOEXEC, 3));
}

void become_launcher() {
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "pbaas-launcher");
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), 0);
  ::dup2(nothing.get(), 1);
}

}  // namespace

[[noreturn]] void run_launcher_process(LauncherProcessSpec spec) {
  try {
    keep_only(spec);
    become_launcher();
    const int signals = take_signals();
    LauncherProcess(std::move(spec), signals).run();
    ::_exit(0);
  } catch (const std::exception& error) {
    log::error("launcher_process_died", {{"detail", error.what()}});
    ::_exit(1);
  }
}

}  // namespace pbaas::browser
