#include "net/relay_side.h"

#include <gtest/gtest.h>
#include <sys/epoll.h>

#include <array>
#include <string>

#include "net/relay_rig.h"

namespace pbaas::net {
namespace {

using namespace testing;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

class RelaySideTest : public ::testing::Test {
 protected:
  RelaySideTest()
      : pair_(tcp_pair()), side_(std::move(pair_.there)), peer_(std::move(pair_.here)) {}

  // More than any socket takes at once.
  std::size_t overfill() {
    const std::string much(32 << 20, 'x');
    side_.write(bytes_of(much));
    return much.size();
  }

  SocketPair pair_;
  RelaySide side_;
  TestPeer peer_;
  std::array<std::byte, 64> buffer_{};
};

TEST_F(RelaySideTest, ForgetsReadinessWhenASocketIsDrained) {
  peer_.send("abc");
  peer_.has_something(0);
  while (side_.read(buffer_) == 0) side_.note(EPOLLIN);
  EXPECT_FALSE(side_.can_read());
  side_.note(EPOLLIN);
  EXPECT_TRUE(side_.can_read());
}

TEST_F(RelaySideTest, StaysReadableWhileABufferComesFull) {
  peer_.send(std::string(buffer_.size(), 'x'));
  while (side_.read(buffer_) == 0) side_.note(EPOLLIN);
  EXPECT_TRUE(side_.can_read());
}

TEST_F(RelaySideTest, ReadsOnToTheEndAfterAHangUp) {
  peer_.send("abc");
  peer_.leave();
  side_.note(EPOLLIN | EPOLLRDHUP);
  EXPECT_TRUE(side_.hung_up());
  EXPECT_EQ(side_.read(buffer_), 3u);
  EXPECT_TRUE(side_.can_read());
  EXPECT_EQ(side_.read(buffer_), 0u);
  EXPECT_TRUE(side_.ended());
}

TEST_F(RelaySideTest, KeepsWhatTheSocketDoesNotTakeAndSendsItLater) {
  const std::size_t size = overfill();
  EXPECT_FALSE(side_.clear());
  EXPECT_EQ(side_.flush(), 0u) << "before the socket says that it is writable";
  std::size_t read = 0;
  while (!side_.clear()) {
    const std::size_t kept = side_.stashed_bytes();
    read += peer_.read(std::min<std::size_t>(size - read, 1 << 20)).size();
    side_.note(EPOLLOUT);
    side_.flush();
    ASSERT_LE(side_.stashed_bytes(), kept);
  }
  EXPECT_EQ(peer_.read(size - read), std::string(size - read, 'x'));
}

TEST_F(RelaySideTest, KeepsTheOrderOfWhatIsWrittenBehindAStash) {
  const std::size_t size = overfill();
  side_.write(bytes_of("last"));
  for (std::size_t read = 0; read < size;) {
    read += peer_.read(std::min<std::size_t>(size - read, 1 << 20)).size();
    side_.note(EPOLLOUT);
    side_.flush();
  }
  while (!side_.clear()) {
    side_.note(EPOLLOUT);
    side_.flush();
  }
  EXPECT_EQ(peer_.read(4), "last");
}

TEST_F(RelaySideTest, LosesWhatIsWrittenToABrokenSocket) {
  overfill();
  peer_.reset();
  side_.note(EPOLLERR | EPOLLHUP);
  side_.flush();
  EXPECT_TRUE(side_.clear());
  EXPECT_EQ(side_.write(bytes_of("more")), 0u);
  EXPECT_TRUE(side_.clear());
}

TEST_F(RelaySideTest, ShowsTheOtherEndThatNobodyIsHere) {
  side_.shut();
  EXPECT_EQ(peer_.read_end(), End::kEof);
  EXPECT_FALSE(side_.can_read());
}

}  // namespace
}  // namespace pbaas::net
