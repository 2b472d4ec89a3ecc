#include "gateway/sweeper.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "gateway/staged_workers.h"
#include "store/fleet_memory.h"
#include "support/run_task.h"

namespace pbaas::gateway {
namespace {

const store::WorkerRef kWorker{"w", "e", ""};

struct SweeperTest : ::testing::Test {
  SweeperTest() {
    support::run_task(loop, fleet.heartbeat({.worker = kWorker, .capacity = 5}, {}));
  }

  SessionId place(Duration due_in) {
    const auto id = SessionId::random();
    support::run_task(loop, fleet.publish({id, kWorker, {9222, "guid"}, clock.now() + due_in}));
    workers.sessions.emplace(id, session::Session{id});
    return id;
  }
  void sweep() { support::run_task(loop, sweeper.sweep()); }

  net::Loop loop{1};
  TestClock clock;
  store::MemoryFleet fleet{clock, 10};
  StagedWorkers workers{loop, clock};
  Sweeper sweeper{loop, clock, fleet, workers};
};

TEST_F(SweeperTest, AsksTheWorkerToEndWhatIsDueAndNothingElse) {
  const auto due = place(Duration{10});
  place(Duration{20});
  clock.advance(Duration{10});
  sweep();
  EXPECT_EQ(workers.asked, std::vector{due});
}

TEST_F(SweeperTest, ASessionThatHadAMessageIsAskedAgainAtItsNewDeadline) {
  const auto id = place(Duration{10});
  clock.advance(Duration{10});
  workers.next_deadline = clock.now() + Duration{50};
  sweep();
  clock.advance(Duration{49});
  sweep();
  EXPECT_EQ(workers.asked.size(), 1);
  clock.advance(Duration{1});
  sweep();
  EXPECT_EQ(workers.asked, (std::vector{id, id}));
}

TEST_F(SweeperTest, ForgetsASessionItsWorkerDoesNotKnow) {
  const auto id = place(Duration{10});
  workers.sessions.clear();
  clock.advance(Duration{10});
  sweep();
  EXPECT_EQ(support::run_task(loop, fleet.find(id)).error().fault, Fault::kNoSuchSession);
}

TEST_F(SweeperTest, GivesADueSessionToOneSweeperAlone) {
  place(Duration{10});
  Sweeper other(loop, clock, fleet, workers);
  clock.advance(Duration{10});
  sweep();
  support::run_task(loop, other.sweep());
  EXPECT_EQ(workers.asked.size(), 1);
}

// Of the clock of the day, by which the sweeper waits.
TEST(Sweeper, IsNotHeldUpByAWorkerThatDoesNotAnswer) {
  net::Loop loop{1};
  const SystemClock clock;
  store::MemoryFleet fleet{clock, 10};
  StagedWorkers workers{loop, clock};
  Sweeper sweeper{loop, clock, fleet, workers};
  support::run_task(loop, fleet.heartbeat({.worker = kWorker, .capacity = 5}, {}));
  const auto stuck = SessionId::random();
  const auto other = SessionId::random();
  workers.silent_about = stuck;
  for (const auto& [id, due_in] : {std::pair{stuck, Duration{0}}, std::pair{other, Duration{400}}})
    support::run_task(loop, fleet.publish({id, kWorker, {9222, "guid"}, clock.now() + due_in}));
  loop.restart();
  boost::asio::co_spawn(loop, sweeper.run(), boost::asio::detached);
  loop.run_for(std::chrono::seconds(2));
  EXPECT_EQ(workers.asked, (std::vector{stuck, other}));
}

}  // namespace
}  // namespace pbaas::gateway
