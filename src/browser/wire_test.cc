#include "browser/wire.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "browser/packet_ends.h"

namespace pbaas::browser {
namespace {

class Wire : public ::testing::Test {
 protected:
  PacketEnds line = make_packet_ends().value();
  UniqueFd& near = line.ours;
  UniqueFd& far = line.theirs;
};

TEST_F(Wire, CarriesAnOrderWithItsDescriptors) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reading(ends[0]);
  const UniqueFd writing(ends[1]);
  const StartOrder order{7, "b1", {"bwrap"}, {"shell", "--flag=ü \"x\""}, {{"TZ", "UTC"}}};
  ASSERT_TRUE(send_packet(near.get(), to_json(Order(order)), {writing.get()}, 0));
  Packet packet;
  ASSERT_EQ(receive_packet(far.get(), packet, 0), Received::kPacket);
  const auto got = std::get<StartOrder>(order_from_json(packet.message));
  EXPECT_EQ(got.id, 7u);
  EXPECT_EQ(got.sandbox, order.sandbox);
  EXPECT_EQ(got.argv, order.argv);
  EXPECT_EQ(got.environment, order.environment);
  ASSERT_EQ(packet.fds.size(), 1u);
  ASSERT_EQ(::write(packet.fds[0].get(), "x", 1), 1);
  char byte = 0;
  EXPECT_EQ(::read(reading.get(), &byte, 1), 1);
}

TEST_F(Wire, CarriesWhatIsToBePrepared) {
  const auto order = order_from_json(to_json(Order(PrepareOrder{"b2", {"bwrap", "--"}})));
  EXPECT_EQ(std::get<PrepareOrder>(order).folder, "b2");
  EXPECT_EQ(std::get<PrepareOrder>(order).sandbox, (std::vector<std::string>{"bwrap", "--"}));
}

TEST_F(Wire, CarriesReports) {
  const auto report = report_from_json(
      to_json(Report(Gone{3, 9, 250, 70'000, {260, 90'000}, "memory", "bwrap: no"})));
  const auto gone = std::get<Gone>(report);
  EXPECT_EQ(gone.id, 3u);
  EXPECT_EQ(gone.wait_status, 9);
  EXPECT_EQ(gone.cpu_ms, 250);
  EXPECT_EQ(gone.peak_rss_kb, 70'000);
  EXPECT_EQ(gone.use, (CgroupUse{260, 90'000}));
  EXPECT_EQ(gone.limit, "memory");
  EXPECT_EQ(gone.early_words, "bwrap: no");
}

TEST_F(Wire, CarriesThatNothingWasCounted) {
  const auto report = report_from_json(to_json(Report(Gone{3, 9, 250, 70'000})));
  EXPECT_EQ(std::get<Gone>(report).use, CgroupUse{});
}

TEST_F(Wire, RefusesAPacketThatIsTooLarge) {
  const StartOrder order{1, "b1", {}, {std::string(kPacketBytesMax, 'x')}, {}};
  const auto sent = send_packet(near.get(), to_json(Order(order)), {}, 0);
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().fault, Fault::kLaunchFailed);
}

TEST_F(Wire, DoesNotTakeEveryErrorForTheEndOfThePeer) {
  Packet packet;
  // Such sockets have no urgent data, which the kernel says with an error.
  EXPECT_EQ(receive_packet(near.get(), packet, MSG_OOB), Received::kNotNow);
}

TEST_F(Wire, SaysWhenThePeerIsGone) {
  far.reset();
  Packet packet;
  EXPECT_EQ(receive_packet(near.get(), packet, 0), Received::kPeerGone);
  const auto sent = send_packet(near.get(), to_json(Order(KillOrder{1})), {}, 0);
  ASSERT_TRUE(sent);
  EXPECT_EQ(*sent, Sent::kPeerGone);
}

}  // namespace
}  // namespace pbaas::browser
