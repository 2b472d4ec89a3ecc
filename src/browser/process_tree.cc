#include "browser/process_tree.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <string>

namespace pbaas::browser {
namespace {

constexpr int kOrphanTries = 200;
constexpr int kOrphanPause_ms = 5;

std::int64_t milliseconds(const timeval& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_usec / 1000;
}

}  // namespace

std::string describe(int wait_status) {
  if (WIFSIGNALED(wait_status)) return "signal " + std::to_string(WTERMSIG(wait_status));
  return "exit status " + std::to_string(WEXITSTATUS(wait_status));
}

void kill_group(pid_t leader) {
  ::kill(-leader, SIGKILL);
  ::kill(leader, SIGKILL);  // It may not have made its group yet.
}

std::optional<Reaped> reap_one() {
  siginfo_t dead{};
  if (::waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) != 0 || dead.si_pid == 0) return {};
  Reaped reaped;
  reaped.pid = dead.si_pid;
  reaped.group = ::getpgid(reaped.pid);
  // While the leader is a zombie its number is taken, so the signal cannot reach a stranger's
  // group.
  if (reaped.group == reaped.pid) ::kill(-reaped.group, SIGKILL);
  rusage usage{};
  if (::wait4(reaped.pid, &reaped.wait_status, 0, &usage) != reaped.pid) return {};
  reaped.cpu_ms = milliseconds(usage.ru_utime) + milliseconds(usage.ru_stime);
  reaped.peak_rss_kb = usage.ru_maxrss;
  return reaped;
}

std::vector<ChildProcess> children() {
  // The launcher process has one thread, whose children are all there are; orphans go to the first.
  const std::string self = std::to_string(::getpid());
  std::ifstream list("/proc/self/task/" + self + "/children");
  std::vector<ChildProcess> found;
  for (pid_t pid = 0; list >> pid;) found.push_back({pid, ::getpgid(pid)});
  return found;
}

// All that it starts is in the session that it leads.
void end_orphans(pid_t launcher_process) {
  for (int tries = 0; tries < kOrphanTries; ++tries) {
    bool any = false;
    for (const auto& child : children()) {
      if (::getsid(child.pid) != launcher_process) continue;
      any = true;
      ::kill(child.pid, SIGKILL);
      ::waitpid(child.pid, nullptr, WNOHANG);
    }
    if (!any) return;
    ::poll(nullptr, 0, kOrphanPause_ms);
  }
}

}  // namespace pbaas::browser
