#include "browser/init_program.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace pbaas::browser {
namespace {

TEST(InitProgram, IsAProgramThatRefusesToBeStartedByHand) {
  const auto program = make_init_program();
  ASSERT_TRUE(program);
  const std::string path = "/proc/self/fd/" + std::to_string(program->get());
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::close(2);
    ::execl(path.c_str(), "session-init", nullptr);
    ::_exit(1);
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 125);
}

TEST(InitProgram, CannotBeChanged) {
  const auto program = make_init_program();
  ASSERT_TRUE(program);
  EXPECT_EQ(::pwrite(program->get(), "x", 1, 0), -1);
  EXPECT_EQ(errno, EPERM);
}

}  // namespace
}  // namespace pbaas::browser
