#include "store/fleet_reply.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

using Kind = RedisValue::Kind;

RedisValue text(std::string value) {
  return {Kind::kText, 0, std::move(value)};
}
RedisValue number(long long value) {
  return {Kind::kInteger, value};
}
RedisValue list(std::vector<RedisValue> items) {
  return {Kind::kList, 0, "", std::move(items)};
}

RedisValue status() {
  return list({text("a"), text("e1"), text("10.0.0.1:9100"), number(5), number(2), text("draining"),
               text("0.1.0"), number(3)});
}

RedisValue place(const SessionId& session) {
  return list({text(session.text()), text("a"), text("e1"), text("10.0.0.1:9100"), text("41000"),
               text("guid"), text("ann"), number(-20)});
}

TEST(FleetReply, ReadsAStatus) {
  const auto statuses = read_statuses(list({status()})).value();
  ASSERT_EQ(statuses.size(), 1U);
  EXPECT_EQ(statuses[0].worker, (WorkerRef{"a", "e1", "10.0.0.1:9100"}));
  EXPECT_EQ(statuses[0].state, WorkerState::kDraining);
  EXPECT_EQ(statuses[0].capacity, 5);
  EXPECT_EQ(statuses[0].used, 2);
  EXPECT_EQ(statuses[0].version, "0.1.0");
  EXPECT_EQ(statuses[0].warm, 3);
}

TEST(FleetReply, ReadsEachPlacement) {
  EXPECT_EQ(read_placement(status(), 9).value().worker->worker.id, "a");
  EXPECT_EQ(read_placement(list({number(3)}), 9).value().position, 3U);
  EXPECT_EQ(read_placement(list({}), 9).error().fault, Fault::kQueueFull);
  EXPECT_NE(read_placement(list({}), 9).error().detail.find(" 9 creates"), std::string::npos);
}

TEST(FleetReply, ReadsAPlaceWithItsDeadlineAsTheCallerCountsIt) {
  const auto session = SessionId::random();
  const Instant now{Duration{1000}};
  const auto read = read_place(place(session), now).value();
  EXPECT_EQ(read.session, session);
  EXPECT_EQ(read.browser, (session::BrowserAddress{41'000, "guid"}));
  EXPECT_EQ(read.owner, "ann");
  EXPECT_EQ(read.deadline, Instant{Duration{980}});
  EXPECT_EQ(read_place(list({}), now).error().fault, Fault::kNoSuchSession);
}

TEST(FleetReply, ReadsDiscrepancies) {
  const auto session = SessionId::random();
  const auto read = read_discrepancies(list({number(2), list({text(session.text())})})).value();
  EXPECT_EQ(read.dropped, 2U);
  EXPECT_EQ(read.unpublished, std::vector{session});
}

TEST(FleetReply, RefusesWhatNoScriptAnswers) {
  const Instant now{};
  for (const auto& strange :
       {RedisValue{}, number(-1), text("x"), list({text("x"), number(1)}), list({list({})})}) {
    EXPECT_FALSE(read_discrepancies(strange));
    EXPECT_FALSE(read_statuses(strange));
    EXPECT_FALSE(read_count(strange));
    EXPECT_FALSE(read_place(strange, now));
    EXPECT_FALSE(read_places(strange, now));
  }
  auto unknown_state = status();
  unknown_state.items[5].text = "gone";
  EXPECT_EQ(read_placement(unknown_state, 9).error().fault, Fault::kStoreUnavailable);
  auto no_port = place(SessionId::random());
  no_port.items[4].text = "x";
  EXPECT_EQ(read_place(no_port, now).error().fault, Fault::kStoreUnavailable);
}

}  // namespace
}  // namespace pbaas::store
