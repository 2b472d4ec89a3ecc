// Many gateways and workers, each with a fleet of its own, over one Redis.
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "store/fleet_redis_rig.h"
#include "support/run_task.h"

namespace pbaas::store {
namespace {

WorkerStatus worker(const std::string& id, int capacity) {
  return {.worker = {id, "epoch-1", "10.0.0.1:9100"}, .capacity = capacity, .version = "0.1.0"};
}

// One process' view of the fleet, with a loop of its own.
class Process {
 public:
  explicit Process(std::size_t queue_limit = 1000, FleetTimes times = {})
      : fleet_(loop_, clock_, url_of(shared_redis()), queue_limit, times) {}

  net::Loop& loop() { return loop_; }
  RedisFleet& fleet() { return fleet_; }
  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop_, std::move(task));
  }
  Placement ask(const SessionId& session, const std::string& owner) {
    return run(fleet_.place(session, owner, {})).value();
  }
  void report(const WorkerStatus& status, const std::vector<SessionId>& held = {}) {
    ASSERT_TRUE(support::run_task(loop_, fleet_.heartbeat(status, held)));
  }

 private:
  net::Loop loop_;
  SystemClock clock_;
  RedisFleet fleet_;
};

class RedisGateways : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(shared_redis().ask("FLUSHALL"), "+OK"); }
};

// What the workers really hold. It counts a session from after it was placed until before it is
// released, so never more than the fleet may.
class Truth {
 public:
  explicit Truth(std::map<std::string, int> capacities) : capacities_(std::move(capacities)) {}

  void hold(const std::string& worker_id, const SessionId& session) {
    const std::lock_guard lock(mutex_);
    ++placements_;
    auto& sessions = held_[worker_id];
    if (!sessions.insert(session).second || !everywhere_.insert(session).second) ++violations_;
    if (sessions.size() > static_cast<std::size_t>(capacities_.at(worker_id))) ++violations_;
  }
  void let_go(const std::string& worker_id, const SessionId& session) {
    const std::lock_guard lock(mutex_);
    held_[worker_id].erase(session);
    everywhere_.erase(session);
  }
  std::vector<SessionId> held(const std::string& worker_id) {
    const std::lock_guard lock(mutex_);
    const auto& sessions = held_[worker_id];
    return {sessions.begin(), sessions.end()};
  }
  const std::map<std::string, int>& capacities() const { return capacities_; }
  int placements() const { return placements_; }
  int violations() const { return violations_; }

 private:
  const std::map<std::string, int> capacities_;
  std::mutex mutex_;
  std::map<std::string, std::set<SessionId>> held_;
  std::set<SessionId> everywhere_;
  int placements_ = 0;
  int violations_ = 0;
};

// Creates one session after another; every third stays, the others end at once.
net::Task<void> create_many(RedisFleet& fleet, Truth& truth, int count) {
  const std::vector<std::string> nobody;
  for (int n = 0; n < count; ++n) {
    const auto session = SessionId::random();
    const std::string owner = "owner-" + std::to_string(n % 5);
    const auto placement = co_await fleet.place(session, owner, nobody);
    if (!placement) {
      ADD_FAILURE() << placement.error().detail;
      co_return;
    }
    if (placement->worker) {
      const std::string on = placement->worker->worker.id;
      truth.hold(on, session);
      if (n % 3 == 0) continue;
      truth.let_go(on, session);
    }
    const auto released = co_await fleet.release(session);
    if (!released) ADD_FAILURE() << released.error().detail;
  }
}

void beat_all(Process& process, Truth& truth) {
  for (const auto& [id, capacity] : truth.capacities())
    process.report(worker(id, capacity), truth.held(id));
}

TEST_F(RedisGateways, NeverExceedACapacityWithTenThousandPlacementsAtOnce) {
  constexpr int kGateways = 4, kTasks = 50, kEach = 50;
  std::map<std::string, int> capacities;
  for (int n = 0; n < 40; ++n) capacities["worker-" + std::to_string(n)] = 10 + n;
  Truth truth(capacities);
  Process workers;
  beat_all(workers, truth);

  std::atomic<int> running = kGateways;
  std::vector<std::jthread> gateways;
  for (int n = 0; n < kGateways; ++n) {
    gateways.emplace_back([&truth, &running] {
      Process gateway;
      for (int task = 0; task < kTasks; ++task) {
        boost::asio::co_spawn(gateway.loop(), create_many(gateway.fleet(), truth, kEach),
                              boost::asio::detached);
      }
      gateway.loop().run();
      --running;
    });
  }
  while (running > 0) beat_all(workers, truth);
  gateways.clear();

  // A worker's report may have crossed with a release, which the next one repairs.
  beat_all(workers, truth);
  EXPECT_EQ(truth.violations(), 0);
  EXPECT_GE(truth.placements(), 1000);
  std::size_t used = 0;
  for (const auto& status : workers.run(workers.fleet().workers()).value()) {
    EXPECT_EQ(static_cast<std::size_t>(status.used), truth.held(status.worker.id).size());
    used += static_cast<std::size_t>(status.used);
  }
  EXPECT_GT(used, 0U);
  EXPECT_EQ(workers.run(workers.fleet().waiting()).value(), 0U);
}

TEST_F(RedisGateways, ServeOwnersInTurnsWhereverTheyAsk) {
  Process one, other;
  std::vector<SessionId> ann, bob;
  for (int n = 0; n < 10; ++n) {
    ann.push_back(SessionId::random());
    ASSERT_FALSE(one.ask(ann.back(), "ann").worker);
  }
  for (int n = 0; n < 10; ++n) {
    bob.push_back(SessionId::random());
    ASSERT_FALSE(other.ask(bob.back(), "bob").worker);
  }
  EXPECT_EQ(other.ask(bob[0], "bob").position, 1U);
  one.report(worker("a", 10));
  int ann_served = 0, bob_served = 0;
  for (const auto& session : ann) ann_served += one.ask(session, "ann").worker.has_value();
  for (const auto& session : bob) bob_served += other.ask(session, "bob").worker.has_value();
  EXPECT_EQ(ann_served, 5);
  EXPECT_EQ(bob_served, 5);
}

TEST_F(RedisGateways, ShareOneLimitOfTheQueue) {
  Process one(2), other(2);
  ASSERT_FALSE(one.ask(SessionId::random(), "ann").worker);
  ASSERT_FALSE(other.ask(SessionId::random(), "bob").worker);
  for (auto* process : {&one, &other}) {
    const auto refused = process->run(process->fleet().place(SessionId::random(), "eve", {}));
    EXPECT_EQ(refused.error().fault, Fault::kQueueFull);
  }
}

TEST_F(RedisGateways, ServeThoseBehindADeadGatewaysTickets) {
  // Long enough that the one who goes on asking keeps its ticket on a busy machine.
  const FleetTimes times{.ticket_max = Duration{300}};
  Process living(1000, times);
  const auto behind = SessionId::random();
  {
    Process dying(1000, times);
    for (int n = 0; n < 5; ++n) ASSERT_FALSE(dying.ask(SessionId::random(), "ann").worker);
    ASSERT_EQ(living.ask(behind, "ann").position, 5U);
  }
  living.report(worker("a", 1));
  for (int n = 0; n < 200; ++n) {
    if (living.ask(behind, "ann").worker) return;
    std::this_thread::sleep_for(Duration{10});
  }
  FAIL() << "the tickets of a dead gateway still wait";
}

TEST_F(RedisGateways, ClaimEachDueSessionOnce) {
  Process publisher;
  std::set<SessionId> due;
  for (int n = 0; n < 2000; ++n) {
    const SessionPlace place{SessionId::random(), {"a", "e", ""}, {41'000, "guid"}, Instant{}, ""};
    due.insert(place.session);
    ASSERT_TRUE(publisher.run(publisher.fleet().publish(place)));
  }
  std::mutex mutex;
  std::vector<SessionId> claimed;
  std::vector<std::jthread> sweepers;
  for (int n = 0; n < 4; ++n) {
    sweepers.emplace_back([&mutex, &claimed] {
      Process sweeper;
      for (int sweep = 0; sweep < 200; ++sweep) {
        const auto mine = sweeper.run(sweeper.fleet().claim_due(Duration{60'000}, 50)).value();
        if (mine.empty()) return;
        const std::lock_guard lock(mutex);
        for (const auto& place : mine) claimed.push_back(place.session);
      }
    });
  }
  sweepers.clear();
  EXPECT_EQ(claimed.size(), due.size());
  EXPECT_EQ(std::set<SessionId>(claimed.begin(), claimed.end()), due);
}

}  // namespace
}  // namespace pbaas::store
