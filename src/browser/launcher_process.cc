#include "browser/launcher_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "browser/inheritance.h"
#include "browser/init_program.h"
#include "browser/process_tree.h"
#include "browser/removals.h"
#include "browser/remove_tree.h"
#include "browser/starts.h"
#include "browser/trees.h"
#include "browser/wire.h"

namespace pbaas::browser {
namespace {

using Steady = std::chrono::steady_clock;
using Span = std::chrono::milliseconds;

// How often a group that was killed is looked at until it is gone.
constexpr Span kLookAgain{5};
// After it a session ends though something of its browser is left: a process in an uninterruptible
// wait, or a profile with a million files, must not keep its slot.
constexpr Span kSlotBack{4'000};
// The program kills this process after 6 s, and then removes the folders itself.
constexpr Span kEndMax{5'000};
// Taken per turn, so that the dead are reaped between floods of orders.
constexpr int kOrdersPerTurn = 64;
constexpr int kReportTriesMax = 1'000;
// How often cgroups are asked whether a limit was reached: a few reads of memory for each browser.
constexpr Span kLimitsLook{250};

class LauncherProcess {
 public:
  // `init` is the program of browsers' first processes, where they have a sandbox.
  LauncherProcess(LauncherProcessSpec spec, UniqueFd init, int signals)
      : spec_(std::move(spec)),
        signals_(signals),
        cgroups_(spec_.cgroups, name_of(spec_.instance.path), spec_.limits),
        starts_({spec_.instance.path, spec_.user, std::move(init)}, cgroups_) {}

  // Returns when the program is gone.
  void run() {
    while (wait()) {
    }
  }

  void end_everything() {
    spec_.socket.reset();
    for (const auto& [id, tree] : trees_.all()) {
      if (!tree.leader_reaped) kill_group(tree.leader);
    }
    starts_.drop_all();
    const auto end = Steady::now() + kEndMax;
    while (Steady::now() < end) {
      reap();
      finish_dying();
      if (trees_.empty() && removals_.empty() && children().empty()) break;
      pollfd signal{signals_, POLLIN, 0};
      ::poll(&signal, 1, static_cast<int>(kLookAgain.count()));
      swallow_signals();
    }
    for (const auto& [id, tree] : trees_.all()) tree.cgroup.remove();
    starts_.remove_cgroups();
    cgroups_.remove();
    remove_tree(spec_.instance.path);
  }

 private:
  static std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

  // Gives false when the program is gone.
  bool wait() {
    std::array<pollfd, 2> both{pollfd{spec_.socket.get(), POLLIN, 0}, pollfd{signals_, POLLIN, 0}};
    ::poll(both.data(), both.size(), pause_ms());
    if (both[1].revents) swallow_signals();
    reap();
    watch_limits();
    finish_dying();
    return both[0].revents == 0 || take_orders();
  }

  // How long nothing need be done but for an order or a signal; -1: for ever.
  int pause_ms() const {
    if (has_dying()) return removals_are_due() ? 0 : static_cast<int>(kLookAgain.count());
    auto due = removals_.due();
    if (cgroups_.available() && !trees_.empty())
      due = due ? std::min(*due, limits_due_) : limits_due_;
    if (!due) return -1;
    const auto left = std::chrono::ceil<Span>(*due - Steady::now());
    return static_cast<int>(std::max(left, Span(0)).count());
  }

  // Version 1 kills one process where memory is short, and neither version any where processes are:
  // what is left of such a browser is of no use.
  void watch_limits() {
    if (!cgroups_.available() || Steady::now() < limits_due_) return;
    limits_due_ = Steady::now() + kLimitsLook;
    for (auto& [id, tree] : trees_.all()) {
      if (tree.leader_reaped || !tree.gone.limit.empty()) continue;
      tree.gone.limit = tree.cgroup.reached();
      if (!tree.gone.limit.empty()) kill_group(tree.leader);
    }
  }

  bool removals_are_due() const {
    const auto due = removals_.due();
    return due && *due <= Steady::now();
  }

  void swallow_signals() {
    signalfd_siginfo signal{};
    while (::read(signals_, &signal, sizeof signal) > 0) {
    }
  }

  // Gives false when the program is gone.
  bool take_orders() {
    for (int taken = 0; taken < kOrdersPerTurn; ++taken) {
      Packet packet;
      switch (receive_packet(spec_.socket.get(), packet, MSG_DONTWAIT)) {
        case Received::kNotNow:
          return true;
        case Received::kPeerGone:
          return false;
        case Received::kPacket:
          take_order(packet);
          break;
      }
    }
    return true;
  }

  void take_order(const Packet& packet) {
    const Order order = order_from_json(packet.message);
    if (const auto* start = std::get_if<StartOrder>(&order)) {
      start_one(*start, packet.fds);
    } else if (const auto* ahead = std::get_if<PrepareOrder>(&order)) {
      starts_.prepare(*ahead);
    } else {
      kill_one(std::get<KillOrder>(order).id);
    }
  }

  void start_one(const StartOrder& order, const std::vector<UniqueFd>& fds) {
    const std::string folder = spec_.instance.path + "/" + order.folder;
    auto begun = start_in(folder, order, fds);
    if (!begun) {
      starts_.drop(order.folder);
      remove_tree(folder);
      report(StartFailed{order.id, begun.error().detail});
      return;
    }
    trees_.add(order.id, begun->pid, folder);
    Tree& tree = *trees_.of_id(order.id);
    tree.cgroup = begun->cgroup;
    tree.early_stderr = std::move(begun->early_stderr);
    report(Started{order.id, begun->pid});
  }

  Result<Begun> start_in(const std::string& folder, const StartOrder& order,
                         const std::vector<UniqueFd>& fds) {
    if (const int error = make_browser_folder(folder, spec_.user); error != 0) {
      return Error{Fault::kLaunchFailed, "cannot make " + folder + ": " + std::strerror(error)};
    }
    return starts_.start(order, fds);
  }

  void kill_one(std::uint64_t id) {
    const Tree* tree = trees_.of_id(id);
    if (tree && !tree->leader_reaped) kill_group(tree->leader);
  }

  void reap() {
    while (const auto dead = reap_one()) {
      starts_.on_dead(dead->pid, dead->wait_status);
      Tree* tree = trees_.of_group(dead->group);
      if (!tree) continue;
      tree->gone.cpu_ms += dead->cpu_ms;
      tree->gone.peak_rss_kb = std::max(tree->gone.peak_rss_kb, dead->peak_rss_kb);
      if (dead->pid != tree->leader) continue;
      tree->leader_reaped = true;
      tree->reaped_at = Steady::now();
      tree->gone.wait_status = dead->wait_status;
    }
    kill_strays();
  }

  // Nothing Chromium needs leaves its process group and becomes an orphan, so what does is killed,
  // and so is what outlived its leader.
  void kill_strays() {
    for (const auto& child : children()) {
      const Tree* tree = trees_.of_group(child.group);
      if (tree ? tree->leader_reaped : !starts_.is_ahead(child.group)) ::kill(child.pid, SIGKILL);
    }
  }

  bool has_dying() const {
    const auto& all = trees_.all();
    return std::any_of(all.begin(), all.end(),
                       [](const auto& each) { return each.second.leader_reaped; });
  }

  void finish_dying() {
    auto& all = trees_.all();
    for (auto& [id, tree] : all) look_at(tree);
    removals_.work(Steady::now());
    // The end of their last process comes here, too.
    starts_.remove_cgroups();
    for (auto each = all.begin(); each != all.end();) {
      each = finish(each->second) ? all.erase(each) : std::next(each);
    }
  }

  static bool is_late(const Tree& tree) { return Steady::now() - tree.reaped_at >= kSlotBack; }

  // Its folder is removed once nobody is left who writes to it.
  void look_at(Tree& tree) {
    if (!tree.leader_reaped || tree.is_being_removed) return;
    if (tree.leader != 0 && ::kill(-tree.leader, 0) != 0 && errno == ESRCH) tree.leader = 0;
    if (tree.leader != 0 && !is_late(tree)) return;
    tree.is_being_removed = true;
    note_use(tree);
    tree.gone.early_words = words_in(tree.early_stderr);
    removals_.add(tree.gone.id, tree.folder);
  }

  static void note_use(Tree& tree) {
    if (!tree.cgroup) return;
    tree.gone.use = tree.cgroup.use();
    if (tree.gone.limit.empty()) tree.gone.limit = tree.cgroup.reached();
  }

  // What is left of the folder of one that is late is removed when there is time.
  bool finish(const Tree& tree) {
    if (!tree.is_being_removed) return false;
    const bool is_gone =
        tree.leader == 0 && !removals_.contains(tree.gone.id) && tree.cgroup.remove();
    if (!is_gone && !is_late(tree)) return false;
    if (!is_gone) {
      log::error("browser_not_gone", {{"pid", tree.leader}, {"folder", tree.folder}});
      starts_.remove_when_empty(tree.cgroup);
    }
    report(tree.gone);
    return true;
  }

  // It waits where the program is slow to read; the end of the program ends the wait. What the
  // kernel has no memory for is sent again, as a lost report is a slot that never comes back.
  void report(const Report& what) {
    if (!spec_.socket.valid()) return;
    for (int tries = 0; tries < kReportTriesMax; ++tries) {
      const auto sent = send_packet(spec_.socket.get(), to_json(what), {}, 0);
      if (!sent || *sent != Sent::kNotNow) return;
      ::poll(nullptr, 0, static_cast<int>(kLookAgain.count()));
    }
  }

  LauncherProcessSpec spec_;
  int signals_;
  Cgroups cgroups_;
  Starts starts_;
  Steady::time_point limits_due_{};
  Trees trees_;
  Removals removals_;
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

void become_launcher() {
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  ::prctl(PR_SET_NAME, "pbaas-launcher");
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  ::dup2(nothing.get(), 0);
  ::dup2(nothing.get(), 1);
}

UniqueFd init_program() {
  auto made = make_init_program();
  if (made) return std::move(*made);
  log::error("launcher_process_died", {{"detail", made.error().detail}});
  ::_exit(1);
}

// Gives whether it ended without an exception.
template <typename Action>
bool guarded(const Action& action) {
  try {
    action();
    return true;
  } catch (const std::exception& error) {
    log::error("launcher_process_died", {{"detail", error.what()}});
    return false;
  }
}

}  // namespace

[[noreturn]] void run_launcher_process(LauncherProcessSpec spec) {
  forget_secrets();
  if (const auto kept = keep_only(spec.socket, spec.instance.lock); !kept) {
    log::error("launcher_process_died", {{"detail", kept.error().detail}});
    ::_exit(1);
  }
  become_launcher();
  UniqueFd init;
  if (spec.sandbox) init = init_program();
  LauncherProcess process(std::move(spec), std::move(init), take_signals());
  bool ended_well = guarded([&] { process.run(); });
  ended_well = guarded([&] { process.end_everything(); }) && ended_well;
  ::_exit(ended_well ? 0 : 1);
}

}  // namespace pbaas::browser
