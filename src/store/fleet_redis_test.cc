#include "store/fleet_redis.h"

#include <algorithm>
#include <thread>

#include "store/fleet_contract.h"
#include "store/fleet_queue_contract.h"
#include "store/fleet_redis_rig.h"

namespace pbaas::store {
namespace {

INSTANTIATE_TYPED_TEST_SUITE_P(Redis, FleetContract, RedisRig);
INSTANTIATE_TYPED_TEST_SUITE_P(Redis, FleetQueueContract, RedisRig);

// With a Redis of its own, for what is done to Redis itself.
class FaultyRedisRig {
 public:
  FaultyRedisRig(net::Loop& loop, std::size_t queue_limit, FleetTimes times)
      : fleet_(loop, clock_, url_of(server_), queue_limit, times) {}
  Fleet& fleet() { return fleet_; }
  const Clock& clock() { return clock_; }
  void advance(Duration by) { std::this_thread::sleep_for(by); }
  support::RedisServer& server() { return server_; }

 private:
  support::RedisServer server_;
  SystemClock clock_;
  RedisFleet fleet_;
};

class RedisFleetTest : public FleetContract<FaultyRedisRig> {
 protected:
  support::RedisServer& server() { return rig_->server(); }
  int members(const std::string& key) { return std::stoi(server().ask("ZCARD " + key).substr(1)); }

  // A worker's heartbeat, and its answer to it: it publishes what the fleet asks for.
  void beat(const WorkerStatus& status, const std::vector<SessionPlace>& places) {
    std::vector<SessionId> held;
    for (const auto& place : places) held.push_back(place.session);
    const auto unpublished = report(status, held).unpublished;
    for (const auto& place : places) {
      if (std::find(unpublished.begin(), unpublished.end(), place.session) != unpublished.end())
        publish(place);
    }
  }

  std::vector<SessionPlace> running(int count) {
    std::vector<SessionPlace> places;
    for (int n = 0; n < count; ++n) places.push_back(a_place(now() + Duration{60'000}));
    for (const auto& place : places) publish(place);
    return places;
  }

  // What is true of a fleet of one worker of ten with these sessions.
  void expect_whole(const std::vector<SessionPlace>& places) {
    EXPECT_EQ(used("a"), static_cast<int>(places.size()));
    for (const auto& place : places) EXPECT_TRUE(finds(place.session));
    EXPECT_EQ(members("pbaas:deadlines"), static_cast<int>(places.size()));
    EXPECT_EQ(placed(), "a");
  }

  bool answers_within(Duration limit) {
    const auto by = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < by) {
      if (run(fleet().waiting())) return true;
      std::this_thread::sleep_for(Duration{5});
    }
    return false;
  }
};

TEST_F(RedisFleetTest, IsWholeAgainOneHeartbeatAfterItWasFlushed) {
  report(worker("a", 10));
  const auto places = running(4);
  ASSERT_EQ(server().ask("FLUSHALL"), "+OK");
  EXPECT_EQ(used("a"), -1);
  beat(worker("a", 10), places);
  expect_whole(places);
}

TEST_F(RedisFleetTest, IsWholeAgainOneHeartbeatAfterARestartWithNothing) {
  report(worker("a", 10));
  const auto places = running(4);
  server().kill();
  EXPECT_EQ(run(fleet().waiting()).error().fault, Fault::kStoreUnavailable);
  server().start();
  ASSERT_TRUE(answers_within(Duration{5000}));
  beat(worker("a", 10), places);
  expect_whole(places);
}

TEST_F(RedisFleetTest, KeepsAWaitingCreatesTurnForWhoeverAsksAfterAFlush) {
  const auto first = waiter();
  ASSERT_EQ(server().ask("FLUSHALL"), "+OK");
  EXPECT_EQ(ask(first).position, 0U);
  report(worker("a", 1));
  EXPECT_EQ(placed(first), "a");
}

TEST_F(RedisFleetTest, GoesOnWhenItsScriptsAreFlushed) {
  report(worker("a", 10));
  ASSERT_EQ(server().ask("SCRIPT FLUSH"), "+OK");
  EXPECT_EQ(placed(), "a");
}

TEST_F(RedisFleetTest, CountsInOnceWhatWasPlacedWhileRedisWasFrozen) {
  report(worker("a", 10));
  const auto session = SessionId::random();
  server().freeze();
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_FALSE(run(fleet().place(session, "ann", {})));
  EXPECT_LE(std::chrono::steady_clock::now() - begun, Duration{1000});
  server().thaw();
  ASSERT_TRUE(answers_within(Duration{5000}));
  EXPECT_EQ(placed(session), "a");
  EXPECT_EQ(used("a"), 1);
}

TEST_F(RedisFleetTest, ForgetsALostWorkerThatIsNoLongerListed) {
  start({.heartbeat = Duration{15}});
  report(worker("a", 10));
  const auto places = running(2);
  advance(Duration{60});
  ASSERT_EQ(used("a"), -1);
  ASSERT_TRUE(run(fleet().forget(ref("a"))));
  for (const auto& place : places) EXPECT_FALSE(finds(place.session));
  EXPECT_EQ(members("pbaas:deadlines"), 0);
}

TEST_F(RedisFleetTest, GivesEveryKeyAnEndOrAnOwner) {
  report(worker("a", 1));
  const auto places = running(1);
  const auto first = waiter();
  // The deadlines have owners: a session's goes when it is released, or when it is claimed in vain.
  for (const std::string key :
       {"pbaas:workers", "pbaas:worker:a", "pbaas:slots:a:epoch-1", "pbaas:queue",
        "pbaas:queue:asked", "pbaas:queue:tickets", "pbaas:queue:turn", "pbaas:queue:of:ann"})
    EXPECT_NE(server().ask("PTTL " + key).substr(0, 2), ":-") << key;
  release(places[0].session);
  release(first);
  ASSERT_TRUE(run(fleet().forget(ref("a"))));
  EXPECT_EQ(server().ask("DEL pbaas:queue:turn"), ":1");
  EXPECT_EQ(server().ask("DBSIZE"), ":0");
}

TEST_F(RedisFleetTest, SpreadsFirstSessionsOverIdleWorkers) {
  for (const char* id : {"a", "b", "c"}) report(worker(id, 10));
  std::map<std::string, int> count;
  for (int n = 0; n < 3; ++n) {
    const auto session = SessionId::random();
    ++count[placed(session)];
    // Redis tells workers of one load apart by the millisecond.
    std::this_thread::sleep_for(Duration{2});
    release(session);
  }
  EXPECT_EQ(count.size(), 3U);
}

}  // namespace
}  // namespace pbaas::store
