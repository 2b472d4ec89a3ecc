#include "base/passed_fds.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

namespace pbaas {
namespace {

class PassedFds : public ::testing::Test {
 protected:
  PassedFds() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    near = UniqueFd(ends[0]);
    far = UniqueFd(ends[1]);
  }
  bool send(std::string_view words, std::span<const int> fds = {}, int flags = 0) {
    return send_passing(near.get(), std::as_bytes(std::span(words)), fds, flags);
  }
  Passed receive(int flags = 0) {
    return receive_passed(far.get(), std::as_writable_bytes(std::span(buffer)), flags);
  }

  UniqueFd near;
  UniqueFd far;
  std::array<char, 16> buffer{};
};

TEST_F(PassedFds, KeepTheirOrderAndAreClosedOnExec) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  ASSERT_TRUE(send("ab", std::array{reading.get(), writing.get()}));
  const auto got = receive();
  EXPECT_EQ(std::string_view(buffer.data(), static_cast<std::size_t>(got.bytes)), "ab");
  ASSERT_EQ(got.fds.size(), 2u);
  EXPECT_EQ(::fcntl(got.fds[0].get(), F_GETFL) & O_ACCMODE, O_RDONLY);
  EXPECT_EQ(::fcntl(got.fds[1].get(), F_GETFL) & O_ACCMODE, O_WRONLY);
  EXPECT_EQ(::fcntl(got.fds[0].get(), F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(got.sender, 0);
}

TEST_F(PassedFds, ComeWithTheSenderWhereThatIsAskedFor) {
  const int on = 1;
  ASSERT_EQ(::setsockopt(far.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on), 0);
  const std::array all{near.get(), near.get(), near.get(), near.get()};
  ASSERT_TRUE(send("a", all));
  const auto got = receive();
  EXPECT_EQ(got.sender, ::getpid());
  EXPECT_EQ(got.fds.size(), kPassedFdsMax);
}

TEST_F(PassedFds, NeedNotBeThere) {
  ASSERT_TRUE(send("a"));
  EXPECT_TRUE(receive().fds.empty());
}

TEST_F(PassedFds, SayThatNothingCameAndThatNobodyIsLeft) {
  EXPECT_EQ(receive(MSG_DONTWAIT).bytes, -1);
  EXPECT_EQ(errno, EAGAIN);
  near.reset();
  EXPECT_EQ(receive().bytes, 0);
  near = std::move(far);
  EXPECT_FALSE(send("a"));
  EXPECT_EQ(errno, EPIPE);
}

}  // namespace
}  // namespace pbaas
