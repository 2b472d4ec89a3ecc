#include "browser/packet_ends.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>

namespace pbaas::browser {
namespace {

TEST(PacketEnds, KeepPacketsApart) {
  auto ends = make_packet_ends();
  ASSERT_TRUE(ends);
  ASSERT_EQ(::send(ends->ours.get(), "ab", 2, 0), 2);
  ASSERT_EQ(::send(ends->ours.get(), "c", 1, 0), 1);
  std::array<char, 8> buffer;
  EXPECT_EQ(::recv(ends->theirs.get(), buffer.data(), buffer.size(), 0), 2);
  EXPECT_EQ(::recv(ends->theirs.get(), buffer.data(), buffer.size(), 0), 1);
  ends->ours.reset();
  EXPECT_EQ(::recv(ends->theirs.get(), buffer.data(), buffer.size(), 0), 0);
}

TEST(PacketEnds, AreClosedOnExec) {
  const auto ends = make_packet_ends();
  ASSERT_TRUE(ends);
  for (const int each : {ends->ours.get(), ends->theirs.get()})
    EXPECT_TRUE(::fcntl(each, F_GETFD) & FD_CLOEXEC);
}

TEST(PacketEnds, SayWhyThereAreNone) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto ends = make_packet_ends();
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(ends);
  EXPECT_EQ(ends.error().fault, Fault::kLaunchFailed);
  EXPECT_EQ(ends.error().detail, "socketpair: Too many open files");
}

}  // namespace
}  // namespace pbaas::browser
