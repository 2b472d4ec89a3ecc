#include "net/relay_pool.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "net/relay_rig.h"

namespace pbaas::net {
namespace {

using namespace testing;

class RelayPoolTest : public RelayTest {};

TEST_F(RelayPoolTest, TellsEveryClientToReconnectWhenItIsDestroyed) {
  threads_ = 2;
  std::vector<Ends> ends;
  for (int i = 0; i < 5; ++i) ends.push_back(relay());
  std::thread destroyer([this] { pool_.reset(); });
  for (auto& each : ends) {
    const Frame close = each.client.read_frame();
    EXPECT_EQ(close.close_code(), 1012);
    EXPECT_EQ(close.close_reason(), "service_restart");
    each.client.send(from_client(kClose, close_payload(1012, "")));
    EXPECT_EQ(each.client.read_end(), End::kEof);
  }
  destroyer.join();
  EXPECT_EQ(group_->open(), 0);
}

TEST_F(RelayPoolTest, IsDestroyedThoughAClientNeverAnswersAndTheClockStands) {
  limits_.close_grace = Duration{20};
  auto ends = relay();
  pool_.reset();
  EXPECT_EQ(ends.client.read_frame().close_code(), 1012);
  EXPECT_EQ(group_->open(), 0);
}

TEST_F(RelayPoolTest, IsDestroyedThoughAFrameNeverEnds) {
  limits_.close_grace = Duration{20};
  auto ends = relay();
  const std::string part = from_browser(kText, "incomplete").substr(0, 6);
  ends.browser.send(part);
  EXPECT_EQ(ends.client.read(part.size()), part);
  pool_.reset();
  EXPECT_EQ(ends.client.read_end(), End::kEof);
}

TEST_F(RelayPoolTest, CountsItsOpenRelays) {
  threads_ = 2;
  auto first = relay();
  auto second = relay();
  EXPECT_EQ(pool().open(), 2u);
  first.client.leave();
  first.browser.leave();
  EXPECT_TRUE(wait_until([this] { return pool().open() == 1; }));
}

TEST_F(RelayPoolTest, SumsWhatAllItsThreadsMoved) {
  threads_ = 2;
  const std::string up = from_client(kText, "up");
  const std::string down = from_browser(kText, "down!");
  std::vector<Ends> ends;
  for (int i = 0; i < 4; ++i) {
    ends.push_back(relay());
    ends.back().client.send(up + up);
    ends.back().browser.send(down);
  }
  for (auto& each : ends) {
    each.browser.read(2 * up.size());
    each.client.read(down.size());
  }
  const RelayTotals totals = pool().totals();
  EXPECT_EQ(totals.messages_up, 8u);
  EXPECT_EQ(totals.messages_down, 4u);
  EXPECT_EQ(totals.bytes_up, 8 * up.size());
  EXPECT_EQ(totals.bytes_down, 4 * down.size());
}

TEST_F(RelayPoolTest, EndsARelayWhoseSocketsAreBroken) {
  RelayStart start;
  start.group = group_;
  pool().start(std::move(start));
  EXPECT_TRUE(wait_until_gone());
}

}  // namespace
}  // namespace pbaas::net
