#include "browser/sandbox_trial.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "browser/init_order.h"
#include "browser/init_program.h"
#include "browser/packet_ends.h"
#include "browser/process_tree.h"
#include "browser/remove_tree.h"
#include "browser/session_init.h"
#include "browser/spawn.h"
#include "browser/stderr_tail.h"

namespace pbaas::browser {
namespace {

constexpr int kTrialMax_ms = 10'000;
constexpr std::size_t kWordsMax = 1024;

bool is_set_to(const char* path, const std::string& value) {
  std::ifstream file(path);
  std::string word;
  return file >> word && word == value;
}

bool has_filter() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line == "Seccomp:\t2") return true;
  }
  return false;
}

Error refused(const std::string& words) {
  return {Fault::kLaunchFailed, "browsers cannot have a sandbox here: " + words + "\n" +
                                    cure_for(words, read_kernel_facts()) +
                                    "\nOr set ISOLATION=none, which gives up the walls between "
                                    "sessions; see docs/sandbox.md."};
}

// Gives the wait status; a trial that takes too long is killed.
int wait_for(pid_t pid) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  pollfd ended{process.get(), POLLIN, 0};
  if (::poll(&ended, 1, kTrialMax_ms) != 1) kill_group(pid);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

std::string read_words(int fd) {
  std::array<char, 4096> buffer;
  const ssize_t got = ::read(fd, buffer.data(), buffer.size());
  if (got <= 0) return {};
  return last_words({buffer.data(), static_cast<std::size_t>(got)}, kWordsMax);
}

Status run_trial(const SandboxSpec& spec, const std::optional<Account>& user) {
  const auto program = make_init_program();
  if (!program) return program.error();
  const auto control = make_packet_ends();
  if (!control) return control.error();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return refused(std::strerror(errno));
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const auto orders = make_packet_ends();
  if (!orders) return orders.error();
  const InitOrderFds fds{nothing.get(), nothing.get(), writing.get(), control->theirs.get()};
  if (!send_init_order(orders->ours.get(), {{kInitTrial}, {}}, fds))
    return refused(std::strerror(errno));
  const SpawnSpec start{
      sandbox_command(spec, kInitTrial),
      {},
      spec.folder,
      {{writing.get(), 2}, {orders->theirs.get(), kInitOrderFd}, {program->get(), kInitProgramFd}},
      user};
  const auto pid = spawn(start);
  if (!pid) return refused(pid.error().detail);
  const int status = wait_for(*pid);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  const std::string words = read_words(reading.get());
  return refused(words.empty() ? "bwrap did not work" : words);
}

}  // namespace

Status try_sandbox(const SandboxSpec& spec, const std::optional<Account>& user) {
  if (spec.bwrap.empty()) {
    return Error{Fault::kLaunchFailed,
                 "browsers get a sandbox by bubblewrap, which is not installed; on Debian: apt-get "
                 "install bubblewrap. Or set ISOLATION=none, which gives up the walls between "
                 "sessions"};
  }
  if (const int error = make_browser_folder(spec.folder, user); error != 0) {
    return Error{Fault::kLaunchFailed,
                 "cannot make " + spec.folder + ": " + std::string(std::strerror(error))};
  }
  const auto outcome = run_trial(spec, user);
  remove_tree(spec.folder);
  return outcome;
}

KernelFacts read_kernel_facts() {
  KernelFacts facts;
  facts.userns_clone_off = is_set_to("/proc/sys/kernel/unprivileged_userns_clone", "0");
  facts.user_namespaces_off = is_set_to("/proc/sys/user/max_user_namespaces", "0");
  facts.apparmor_restricts =
      is_set_to("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1");
  facts.has_seccomp = has_filter();
  return facts;
}

std::string cure_for(const std::string& words, const KernelFacts& facts) {
  if (facts.userns_clone_off) return "Set sysctl kernel.unprivileged_userns_clone=1.";
  if (facts.user_namespaces_off) return "Set sysctl user.max_user_namespaces=15000 or more.";
  if (facts.apparmor_restricts) {
    return "Set sysctl kernel.apparmor_restrict_unprivileged_userns=0, or give bwrap and Chromium "
           "AppArmor profiles that allow userns.";
  }
  if (words.find("mount proc") != words.npos) {
    return "The container hides parts of /proc: in Docker use --security-opt "
           "systempaths=unconfined, in Kubernetes procMount: Unmasked.";
  }
  if (facts.has_seccomp) {
    return "The container's seccomp profile forbids it: use deploy/seccomp.json (Docker: "
           "--security-opt seccomp=deploy/seccomp.json; Kubernetes: a Localhost seccompProfile), "
           "which allows clone, clone3, unshare, setns, mount, umount2, pivot_root, chroot and "
           "seccomp.";
  }
  return "Namespaces of an ordinary user must be allowed: look at sysctl user.max_user_namespaces, "
         "user.max_net_namespaces and the security modules of this machine.";
}

}  // namespace pbaas::browser
