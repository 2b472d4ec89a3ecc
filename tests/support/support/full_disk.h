// A full disk, as this process sees it: while it lives, files that the process writes do not grow
// beyond a size.
#pragma once

#include <signal.h>
#include <sys/resource.h>

namespace pbaas::support {

class FullDisk {
 public:
  explicit FullDisk(rlim_t bytes_max = 0) : old_handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_limit_);
    const rlimit none{bytes_max, old_limit_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &none);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &old_limit_);
    signal(SIGXFSZ, old_handler_);
  }
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;

 private:
  rlimit old_limit_{};
  sighandler_t old_handler_;
};

}  // namespace pbaas::support
