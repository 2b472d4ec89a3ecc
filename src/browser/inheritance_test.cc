#include "browser/inheritance.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstdlib>

#include "browser/packet_ends.h"
#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;

// The exit status of a child that does `what`.
int status_of_child(const std::function<int()>& what) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(what());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

TEST(Inheritance, KeepsTwoDescriptorsWhereTheLimitOfOpenFilesIsReached) {
  const auto child = [] {
    const rlimit few{40, 40};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 1;
    auto ends = make_packet_ends();
    if (!ends) return 2;
    auto& [near, far] = *ends;
    int last = -1;
    for (int fd = 0; fd >= 0; fd = ::open("/dev/null", O_RDONLY)) last = fd;
    const int used = near.get();
    if (!keep_only(near, far)) return 3;
    if (is_open(last)) return 4;
    if (near.get() != used || ::send(near.get(), "x", 1, 0) != 1) return 5;
    char byte = 0;
    if (::recv(far.get(), &byte, 1, 0) != 1) return 6;
    for (int fd = 3; fd < 40; ++fd) {
      if (is_open(fd) && fd != near.get() && fd != far.get()) return 7;
    }
    return 0;
  };
  EXPECT_EQ(status_of_child(child), 0);
}

TEST(Inheritance, LiftsADescriptorFromTheNumbersOfStandardStreams) {
  const auto child = [] {
    ::close(0);
    UniqueFd low(::open("/dev/null", O_RDONLY));
    if (low.get() != 0) return 1;
    UniqueFd other(::open("/dev/null", O_RDONLY));
    if (!keep_only(low, other)) return 2;
    return low.get() >= 3 && other.get() >= 3 && low.get() != other.get() ? 0 : 3;
  };
  EXPECT_EQ(status_of_child(child), 0);
}

TEST(Inheritance, LeavesNoSecretInTheEnvironment) {
  ASSERT_EQ(::setenv("API_TOKEN", "very-secret", 1), 0);
  const char* kept = ::getenv("API_TOKEN");
  const auto child = [kept] {
    forget_secrets();
    if (::getenv("API_TOKEN") || ::getenv("PATH") || *kept != '\0') return 1;
    return ::prctl(PR_GET_DUMPABLE);
  };
  EXPECT_EQ(status_of_child(child), 0);
  EXPECT_STREQ(::getenv("API_TOKEN"), "very-secret");
  ::unsetenv("API_TOKEN");
}

}  // namespace
}  // namespace pbaas::browser
