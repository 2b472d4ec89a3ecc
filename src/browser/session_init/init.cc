#include "browser/session_init/init.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <span>
#include <utility>

#include "base/exec_words.h"
#include "base/passed_fds.h"
#include "base/unique_fd.h"
#include "browser/init_order.h"
#include "browser/session_init/network.h"
#include "browser/session_init/trial.h"

namespace pbaas::browser {
namespace {

constexpr int kFailed = 125;
constexpr int kNotStarted = 127;
constexpr int kBacklog = 128;
// How often the room in the profile is looked at.
constexpr std::chrono::milliseconds kLook{1'000};
// A profile with less room than this is full: little that Chromium writes to it is smaller. (A
// download that does not fit is given up and leaves its room.)
constexpr std::uint64_t kRoomMin = 1024 * 1024;

bool complain(const char* step) {
  std::fprintf(stderr, "session-init: %s: %s\n", step, std::strerror(errno));
  return false;
}

// Gives false where it did not arrive: the program is gone, or takes no descriptor now.
bool send(InitSays says, int value = 0, int fd = -1) {
  const InitMessage message{says, value};
  const std::span beside(&fd, fd >= 0 ? 1 : 0);
  return send_passing(kInitControlFd, std::as_bytes(std::span(&message, 1)), beside, 0);
}

bool send_socket() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return complain("socket");
  return send(InitSays::kSocket, 0, socket.get()) || complain("a socket for the program");
}

// Above what Chromium and the init's own lines are to be.
UniqueFd above(const UniqueFd& fd) {
  constexpr int kAbove = 16;
  return UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kAbove));
}

// Gives none where it cannot be made.
UniqueFd make_egress() {
  const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(kEgressPort);
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  const auto* at = reinterpret_cast<const sockaddr*>(&address);
  if (!socket.valid() || ::bind(socket.get(), at, sizeof address) != 0 ||
      ::listen(socket.get(), kBacklog) != 0) {
    complain("the egress port");
    return {};
  }
  return above(socket);
}

// Everything it was given for the making of the network; a browser must inherit none of it.
bool drop_capabilities() {
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  __user_cap_header_struct head{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> none{};
  return ::syscall(SYS_capset, &head, none.data()) == 0 || complain("capset");
}

// The signals that init takes in its loop.
sigset_t child_signal() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGCHLD);
  return set;
}

[[noreturn]] void become_browser(InitOrder order) {
  send(InitSays::kBrowser);
  ::signal(SIGPIPE, SIG_DFL);
  const sigset_t child = child_signal();
  ::sigprocmask(SIG_UNBLOCK, &child, nullptr);
  if (order.command.at(0) == kInitTrial) ::_exit(try_chromium_sandbox() ? 0 : kFailed);
  const auto argv = exec_words(order.command);
  const auto environment = exec_words(order.environment);
  ::execve(argv[0], argv.data(), environment.data());
  std::fprintf(stderr, "%s did not start: exec: %s\n", argv[0], std::strerror(errno));
  ::_exit(kNotStarted);
}

bool is_full(const std::string& folder) {
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) return false;
  return std::uint64_t{facts.f_bavail} * facts.f_frsize < kRoomMin || facts.f_ffree == 0;
}

int mebibytes_of(const std::string& folder) {
  struct statvfs facts{};
  if (::statvfs(folder.c_str(), &facts) != 0) return 0;
  return static_cast<int>((std::uint64_t{facts.f_blocks} * facts.f_frsize) >> 20);
}

// Waits and gives the wait status of Chromium, or of a kill where the program is gone.
class Watch {
 public:
  Watch(const std::string& folder, pid_t browser, int signals)
      : folder_(folder), browser_(browser), signals_(signals) {}

  int run() {
    int status = 0;
    while (!reaped_browser(status)) {
      std::array<pollfd, 2> both{pollfd{kInitControlFd, POLLIN, 0}, pollfd{signals_, POLLIN, 0}};
      const int ready = ::poll(both.data(), both.size(), static_cast<int>(kLook.count()));
      if (both[0].revents != 0 && !answer()) return SIGKILL;
      if (both[1].revents != 0) swallow_signal();
      if (ready < 0 && errno != EINTR) return SIGKILL;
      if (must_look() && is_full(folder_)) {
        send(InitSays::kDiskFull, mebibytes_of(folder_));
        return SIGKILL;
      }
    }
    return status;
  }

 private:
  // Gives false where the program is gone.
  static bool answer() {
    char wanted = 0;
    const ssize_t got = ::recv(kInitControlFd, &wanted, 1, MSG_DONTWAIT);
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    // Whoever waits for it is told that there is none.
    if (got == 1 && wanted == kWantSocket && !send_socket()) send(InitSays::kSocket);
    return got > 0;
  }

  bool must_look() {
    const auto now = std::chrono::steady_clock::now();
    if (now < next_look_) return false;
    next_look_ = now + kLook;
    return true;
  }

  void swallow_signal() const {
    signalfd_siginfo signal{};
    while (::read(signals_, &signal, sizeof signal) > 0) {
    }
  }

  // Orphans of the whole namespace are this process's to reap.
  bool reaped_browser(int& status) const {
    int each = 0;
    for (;;) {
      const pid_t dead = ::waitpid(-1, &each, WNOHANG);
      if (dead <= 0) return false;
      if (dead != browser_) continue;
      status = each;
      return true;
    }
  }

  const std::string& folder_;
  pid_t browser_;
  int signals_;
  std::chrono::steady_clock::time_point next_look_{};
};

// What of the init's own needs no order. Gives the egress socket.
UniqueFd prepare(int& network_error) {
  for (const int each : {kInitOrderFd, kInitProgramFd}) ::fcntl(each, F_SETFD, FD_CLOEXEC);
  // Neither looked into nor traced by what runs inside as the same user.
  ::prctl(PR_SET_DUMPABLE, 0);
  network_error = make_network();
  if (!drop_capabilities()) return {};
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t child = child_signal();
  ::sigprocmask(SIG_BLOCK, &child, nullptr);
  return make_egress();
}

bool place(std::array<UniqueFd, kInitOrderFds>& fds) {
  constexpr std::array<int, kInitOrderFds> kNumbers{3, 4, 2, kInitControlFd};
  for (auto& each : fds) each = above(each);
  for (std::size_t n = 0; n < kInitOrderFds; ++n) {
    if (::dup2(fds[n].get(), kNumbers[n]) < 0) return complain("dup2");
  }
  return ::fcntl(kInitControlFd, F_SETFD, FD_CLOEXEC) == 0 || complain("fcntl");
}

// Before Chromium is there, so that it finds its way out served.
bool introduce(const UniqueFd& egress, int network_error) {
  if (network_error != 0) send(InitSays::kNoNetwork, network_error);
  if (!send(InitSays::kEgress, 0, egress.get())) return complain("the egress port for the program");
  for (int i = 0; i < kSocketsAhead; ++i) {
    if (!send_socket()) return false;
  }
  return true;
}

}  // namespace

int run_init(const std::string& folder) {
  int network_error = 0;
  UniqueFd egress = prepare(network_error);
  if (!egress.valid()) return kFailed;
  InitOrder order;
  {
    std::array<UniqueFd, kInitOrderFds> fds;
    if (!receive_init_order(kInitOrderFd, order, fds)) {
      std::fputs("session-init: its order did not come, or not with all descriptors\n", stderr);
      return kFailed;
    }
    if (!place(fds)) return kFailed;
  }
  if (!introduce(egress, network_error)) return kFailed;
  egress.reset();
  const sigset_t child = child_signal();
  const UniqueFd signals(::signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!signals.valid()) return complain("signalfd"), kFailed;
  const pid_t browser = ::fork();
  if (browser < 0) return complain("fork"), kFailed;
  if (browser == 0) become_browser(std::move(order));
  // Only Chromium holds its pipe, so that its end is seen.
  for (const int each : {3, 4}) ::close(each);
  const int status = Watch(folder, browser, signals.get()).run();
  send(InitSays::kEnded, status);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace pbaas::browser
