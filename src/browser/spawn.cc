#include "browser/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "base/exec_words.h"
#include "base/unique_fd.h"

namespace pbaas::browser {
namespace {

// Browsers give way to the service when memory or the processor is short.
constexpr char kOomScore[] = "300";
constexpr int kNice = 5;
// As many as Chromium wants. The kernel bounds the descriptors that are on their way in messages by
// this, and counts them for all processes of a user: what browsers may fill must leave the service
// room to send its own.
constexpr rlim_t kFilesMax = 8192;

// Passed from the child to its parent where a step before exec failed.
struct Failure {
  char step[32];
  int error;
};

void give_oom_score(const std::string& process) {
  const std::string path = "/proc/" + process + "/oom_score_adj";
  const UniqueFd score(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!score.valid()) return;
  [[maybe_unused]] const auto written = ::write(score.get(), kOomScore, sizeof kOomScore - 1);
}

class Child {
 public:
  Child(const SpawnSpec& spec, int failures, pid_t parent)
      : spec_(spec), failures_(failures), parent_(parent) {}

  [[noreturn]] void run() {
    fresh_signals();
    must("setpgid", ::setpgid(0, 0));
    limit();
    join_cgroups();
    leave_privileges();
    place_fds();
    must("chdir", ::chdir(spec_.folder.c_str()));
    ::umask(077);
    exec();
  }

 private:
  void must(const char* step, int result) {
    if (result >= 0) return;
    Failure failure{};
    failure.error = errno;
    std::strncpy(failure.step, step, sizeof failure.step - 1);
    [[maybe_unused]] const auto written = ::write(failures_, &failure, sizeof failure);
    ::_exit(127);
  }

  static void fresh_signals() {
    for (int each = 1; each < NSIG; ++each) ::signal(each, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
  }

  void join_cgroups() {
    for (const auto& each : spec_.cgroups) {
      must("cgroup", static_cast<int>(::write(each.get(), "0", 1)));
    }
  }

  void leave_privileges() {
    if (spec_.user) {
      must("setgroups", ::setgroups(0, nullptr));
      must("setgid", ::setgid(spec_.user->gid));
      must("setuid", ::setuid(spec_.user->uid));
    }
    // After the change of user, which clears it. A parent that died before is seen by its absence.
    must("prctl", ::prctl(PR_SET_PDEATHSIG, SIGKILL));
    if (::getppid() != parent_) ::_exit(127);
    // Chromium makes its sandbox with user namespaces, which need no setuid program.
    must("no_new_privs", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  }

  static void limit() {
    // Not 0, which the kernel overlooks where dumps go to a program: core(5).
    const rlimit no_dump{1, 1};
    ::setrlimit(RLIMIT_CORE, &no_dump);
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_max = std::min(files.rlim_max, kFilesMax);
    files.rlim_cur = std::min(files.rlim_cur, files.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &files);
    ::setpriority(PRIO_PROCESS, 0, kNice);
    give_oom_score("self");
  }

  // Moves everything above the numbers it is wanted at first, so that no dup2 closes what a later
  // one needs.
  void place_fds() {
    constexpr int kAbove = 16;
    const int failures = ::fcntl(failures_, F_DUPFD_CLOEXEC, kAbove);
    must("fcntl", failures);
    failures_ = failures;
    std::vector<PlacedFd> high = spec_.fds;
    for (auto& each : high) {
      each.fd = ::fcntl(each.fd, F_DUPFD_CLOEXEC, kAbove);
      must("fcntl", each.fd);
    }
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    must("open /dev/null", nothing);
    const int nothing_high = ::fcntl(nothing, F_DUPFD_CLOEXEC, kAbove);
    must("dup2", ::dup2(nothing_high, 0));
    must("dup2", ::dup2(nothing_high, 1));
    int last = 2;
    for (const auto& each : high) {
      must("dup2", ::dup2(each.fd, each.number));
      last = std::max(last, each.number);
    }
    ::close_range(static_cast<unsigned>(last) + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  }

  [[noreturn]] void exec() {
    auto words = spec_.argv;
    auto variables = spec_.environment;
    const auto argv = exec_words(words);
    const auto environment = exec_words(variables);
    must("exec", ::execve(argv[0], argv.data(), environment.data()));
    ::_exit(127);
  }

  const SpawnSpec& spec_;
  int failures_;
  pid_t parent_;
};

Error failed(const std::string& step, int error, const SpawnSpec& spec) {
  return {Fault::kLaunchFailed,
          spec.argv.at(0) + " did not start: " + step + ": " + std::string(std::strerror(error))};
}

}  // namespace

Result<pid_t> spawn(const SpawnSpec& spec) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return failed("pipe", errno, spec);
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return failed("fork", errno, spec);
  if (pid == 0) Child(spec, writing.get(), parent).run();
  writing.reset();
  Failure failure{};
  ssize_t got = 0;
  do got = ::read(reading.get(), &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got == 0) {  // Closed by the exec.
    // Before it the child is closed to its own user, as this process is, and could do so as root
    // alone.
    if (::geteuid() != 0) give_oom_score(std::to_string(pid));
    return pid;
  }
  ::waitpid(pid, nullptr, 0);
  return failed(failure.step, failure.error, spec);
}

}  // namespace pbaas::browser
