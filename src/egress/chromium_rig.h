// A real headless Chromium for the egress proxy's tests, its sandbox on, as an ordinary user where
// the test is root. For tests alone.
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "base/exec_words.h"

namespace pbaas::egress::testing {

inline const std::string kHeadlessShell = "/usr/lib/chromium/chromium-headless-shell";
inline const std::string kFullChromium = "/usr/lib/chromium/chromium";

class Chromium {
 public:
  // Opens `url` at once.
  Chromium(const std::string& binary, const std::vector<std::string>& flags,
           const std::string& url) {
    profile_ = (std::filesystem::temp_directory_path() / "egress-test-XXXXXX").string();
    if (::mkdtemp(profile_.data()) == nullptr) std::abort();
    const passwd* user = ::getuid() == 0 ? ::getpwnam("pbaas") : nullptr;
    if (user) [[maybe_unused]]
      const int given = ::chown(profile_.c_str(), user->pw_uid, user->pw_gid);
    std::vector<std::string> words{binary,
                                   "--headless",
                                   "--user-data-dir=" + profile_,
                                   "--disable-gpu",
                                   "--no-first-run",
                                   "--disable-quic",
                                   "--disable-background-networking",
                                   "--disable-breakpad",
                                   "--remote-debugging-port=0"};
    words.insert(words.end(), flags.begin(), flags.end());
    words.push_back(url);
    start(words, user);
  }
  ~Chromium() {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(profile_, ignored);
  }
  Chromium(const Chromium&) = delete;

 private:
  void start(std::vector<std::string> words, const passwd* user) {
    std::vector<std::string> variables{"HOME=" + profile_};
    const auto argv = exec_words(words);
    const auto environment = exec_words(variables);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::setpgid(0, 0);
    const int null = ::open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; ++fd) ::dup2(null, fd);
    ::close_range(3, ~0u, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    if (user && (::setgroups(0, nullptr) != 0 || ::setgid(user->pw_gid) != 0 ||
                 ::setuid(user->pw_uid) != 0))
      ::_exit(126);
    ::execve(argv[0], argv.data(), environment.data());
    ::_exit(127);
  }

  std::string profile_;
  pid_t pid_ = -1;
};

}  // namespace pbaas::egress::testing
