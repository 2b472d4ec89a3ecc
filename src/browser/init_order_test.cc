#include "browser/init_order.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "browser/packet_ends.h"

namespace pbaas::browser {
namespace {

using namespace std::string_literals;

TEST(InitOrder, KeepsWordsAndVariablesApart) {
  const InitOrder order{{"/usr/bin/shell", "--flag=ü \"x\"", ""}, {"TZ=UTC", "EMPTY="}};
  const auto got = init_order_from(to_bytes(order));
  EXPECT_EQ(got.command, order.command);
  EXPECT_EQ(got.environment, order.environment);
}

TEST(InitOrder, MakesNothingOfWhatIsNone) {
  for (const auto& bytes :
       {""s, "\0"s, "x"s, "99\0a"s, "18446744073709551616\0a"s, "2\0a\0b\0c"s}) {
    const auto got = init_order_from(bytes);
    EXPECT_LE(got.command.size() + got.environment.size(), 3u);
  }
}

class InitOrderLine : public ::testing::Test {
 protected:
  PacketEnds line = make_packet_ends().value();
  UniqueFd& near = line.ours;
  UniqueFd& far = line.theirs;
  InitOrder got;
  std::array<UniqueFd, kInitOrderFds> fds;
};

TEST_F(InitOrderLine, CarriesTheDescriptorsInOrder) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const int none = nothing.get();
  ASSERT_TRUE(send_init_order(near.get(), {{"a"}, {"B=c"}}, {none, none, none, writing.get()}));
  ASSERT_TRUE(receive_init_order(far.get(), got, fds));
  EXPECT_EQ(got.command, std::vector{"a"s});
  ASSERT_EQ(::write(fds[3].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(reading.get(), &byte, 1), 1);
}

TEST_F(InitOrderLine, SaysThatNobodyIsLeft) {
  near.reset();
  EXPECT_FALSE(receive_init_order(far.get(), got, fds));
  EXPECT_FALSE(send_init_order(far.get(), {{"a"}, {}}, {0, 0, 0, 0}));
}

TEST_F(InitOrderLine, TakesNoOrderThatLacksDescriptors) {
  const auto bytes = to_bytes({{"a"}, {}});
  ASSERT_GT(::send(near.get(), bytes.data(), bytes.size(), 0), 0);
  EXPECT_FALSE(receive_init_order(far.get(), got, fds));
}

}  // namespace
}  // namespace pbaas::browser
