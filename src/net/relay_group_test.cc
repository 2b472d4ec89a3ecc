#include "net/relay_group.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "net/relay_rig.h"

namespace pbaas::net {
namespace {

using namespace testing;

class RelayGroupTest : public RelayTest {};

TEST_F(RelayGroupTest, CountsARelayFromTheMomentItIsHandedOver) {
  auto first = relay();
  auto second = relay();
  EXPECT_EQ(group_->open(), 2);
}

TEST_F(RelayGroupTest, ReportsEachTimeTheLastRelayLeft) {
  std::atomic<int> times{0};
  group_ = std::make_shared<RelayGroup>(clock_, [&] { ++times; });
  for (int round = 1; round <= 2; ++round) {
    auto first = relay();
    auto second = relay();
    first.client.leave();
    first.browser.leave();
    ASSERT_TRUE(wait_until([this] { return group_->open() == 1; }));
    EXPECT_EQ(times, round - 1);
    second.client.leave();
    second.browser.leave();
    ASSERT_TRUE(wait_until([&] { return times == round; }));
  }
  pool_.reset();
  EXPECT_EQ(times, 2);
}

TEST_F(RelayGroupTest, CountsAHandshakeThatHoldsASeatAndReportsThatItCameToNothing) {
  std::atomic<int> times{0};
  group_ = std::make_shared<RelayGroup>(clock_, [&] { ++times; });
  auto seat = RelaySeat::take(group_);
  EXPECT_EQ(group_->open(), 1);
  {
    const auto other = RelaySeat::take(group_);
  }
  EXPECT_EQ(times, 0);
  seat.reset();
  EXPECT_EQ(group_->open(), 0);
  EXPECT_EQ(times, 1);
}

TEST_F(RelayGroupTest, KnowsWhetherTheLastClientSaidThatItLeaves) {
  auto polite = relay();
  polite.client.send(from_client(kClose, close_payload(1000, "")));
  polite.browser.leave();
  ASSERT_TRUE(pass_time_until([this] { return group_->open() == 0; }));
  EXPECT_TRUE(group_->left_by_close());
  auto cut = relay();
  cut.client.leave();
  cut.browser.leave();
  ASSERT_TRUE(wait_until_gone());
  EXPECT_FALSE(group_->left_by_close());
}

TEST_F(RelayGroupTest, KeepsItsFirstEnding) {
  group_->close_all({4000, "idle_timeout"});
  group_->close_all({4001, "session_timeout"});
  EXPECT_EQ(group_->closing()->code, 4000);
}

TEST_F(RelayGroupTest, StartsItsClockAtItsCreation) {
  EXPECT_EQ(group_->last_client_message(), clock_.now());
}

TEST_F(RelayGroupTest, HasSeatsForSoManyRelaysAndTakesThemBack) {
  std::vector<RelaySeat> seats;
  for (int i = 0; i < RelayGroup::kRelaysPerGroupMax; ++i) {
    auto seat = RelaySeat::take(group_);
    ASSERT_TRUE(seat);
    seats.push_back(std::move(*seat));
  }
  EXPECT_FALSE(RelaySeat::take(group_));
  seats.pop_back();
  EXPECT_TRUE(RelaySeat::take(group_));
}

TEST_F(RelayGroupTest, GetsTheSeatOfARelayBackWhenItEnds) {
  std::vector<RelaySeat> others;
  for (int i = 1; i < RelayGroup::kRelaysPerGroupMax; ++i) {
    others.push_back(std::move(*RelaySeat::take(group_)));
  }
  RelayStart start;
  start.seat = RelaySeat::take(group_);
  auto ends = relay(std::move(start));
  EXPECT_FALSE(RelaySeat::take(group_));
  ends.client.leave();
  ends.browser.leave();
  EXPECT_TRUE(wait_until([this] { return RelaySeat::take(group_).has_value(); }));
}

TEST_F(RelayGroupTest, ClosesRelaysThatJoinAndLeaveFromManyThreads) {
  threads_ = 2;
  pool();
  for (int round = 0; round < 20; ++round) {
    group_ = std::make_shared<RelayGroup>(clock_);
    std::vector<Ends> ends;
    for (int i = 0; i < 4; ++i) ends.push_back(relay());
    std::thread leaver([&] { ends[0].client.leave(); });
    std::thread closer([&] { group_->close_all({4001, "session_timeout"}); });
    Ends late = relay();
    leaver.join();
    closer.join();
    ends.push_back(std::move(late));
    for (std::size_t i = 1; i < ends.size(); ++i) {
      EXPECT_EQ(ends[i].client.read_frame().close_code(), 4001);
      ends[i].client.leave();
    }
    for (auto& each : ends) each.browser.leave();
    EXPECT_TRUE(wait_until_gone());
  }
}

}  // namespace
}  // namespace pbaas::net
