#include "browser/inheritance.h"

#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>

namespace pbaas::browser {
namespace {

constexpr int kFirst = 3;  // after stdin, stdout and stderr

Error step_failed(const std::string& step) {
  return {Fault::kLaunchFailed, "the launcher process: " + step + ": " + std::strerror(errno)};
}

bool close_between(int first, int last) {
  if (first > last) return true;
  return ::close_range(static_cast<unsigned>(first), static_cast<unsigned>(last), 0) == 0;
}

// A program that was started without a stdin may have its socket there.
bool lift(UniqueFd& fd) {
  if (fd.get() >= kFirst) return true;
  UniqueFd above(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirst));
  if (!above.valid()) return false;
  fd = std::move(above);
  return true;
}

}  // namespace

Status keep_only(UniqueFd& one, UniqueFd& other) {
  const int low = std::min(one.get(), other.get());
  const int high = std::max(one.get(), other.get());
  const bool closed = close_between(kFirst, low - 1) &&
                      close_between(std::max(low + 1, kFirst), high - 1) &&
                      close_between(std::max(high + 1, kFirst), INT_MAX);
  if (!closed) return step_failed("close_range");
  if (!lift(one) || !lift(other)) return step_failed("fcntl");
  return {};
}

void forget_secrets() {
  ::prctl(PR_SET_DUMPABLE, 0);
  for (char** each = ::environ; each && *each; ++each) ::explicit_bzero(*each, std::strlen(*each));
  ::clearenv();
}

}  // namespace pbaas::browser
