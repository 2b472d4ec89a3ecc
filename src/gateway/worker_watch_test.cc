#include "gateway/worker_watch.h"

#include <gtest/gtest.h>

#include "gateway/staged_workers.h"
#include "store/fleet_switch.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::gateway {
namespace {

using session::EndReason;
using session::ProbeAnswer;
using session::Session;

constexpr Duration kHeartbeat{1'000};
const store::WorkerRef kWorker{"w", "e", "10.0.0.1:9100"};
const session::WorkerRun kRun{"w", "e"};

struct WorkerWatchTest : ::testing::Test {
  // The loop's timers run on the real clock, so the test's clock begins at the same moment.
  WorkerWatchTest() { clock.advance(SystemClock().now() - clock.now()); }

  template <typename T>
  auto wait(net::Task<T> task) {
    return support::run_task(loop, std::move(task));
  }
  void beat(const store::WorkerRef& worker = kWorker) {
    wait(fleet.heartbeat({.worker = worker, .capacity = 5}, {})).value();
  }
  Session running(const store::WorkerRef& on = kWorker) {
    Session session{SessionId::random()};
    session.start(on.id, on.epoch);
    session.run({9222, "guid"}, clock.wall());
    log->record(session);
    wait(fleet.publish({session.id, on, {9222, "guid"}, clock.now(), ""})).value();
    return session;
  }
  void check() { wait(watch.check()); }
  // As many checks, one in each heartbeat, as any verdict takes.
  void check_for_long() {
    for (int n = 0; n < 10; ++n) {
      clock.advance(kHeartbeat);
      check();
    }
  }
  std::optional<EndReason> end_of(const Session& session) {
    return wait(log->find(session.id)).value().end_reason;
  }

  net::Loop loop{1};
  TestClock clock;
  support::TempFolder folder;
  std::unique_ptr<store::SqliteSessionLog> log =
      store::SqliteSessionLog::open(loop, folder.file("log.db")).value();
  store::FleetSwitch fleet{clock};
  StagedWorkers workers{loop, clock};
  WorkerDirectory directory;
  Metrics metrics;
  WorkerWatch watch{loop, clock, fleet, *log, workers, directory, metrics, kHeartbeat};
};

TEST_F(WorkerWatchTest, EndsTheSessionsOfAWorkerThatIsGone) {
  beat();
  const auto session = running();
  check();
  fleet.lose_everything();
  workers.probe_answer = ProbeAnswer::kRefused;
  check_for_long();
  EXPECT_EQ(end_of(session), EndReason::kWorkerLost);
  EXPECT_EQ(workers.closed, std::vector{kRun});
  EXPECT_NE(metrics.text().find("end_reason=\"worker_lost\"} 1"), std::string::npos);
}

TEST_F(WorkerWatchTest, TakesAWorkerOutOfTheFleetThatIsLost) {
  beat();
  const auto session = running();
  check();
  beat({"w", "e2", "10.0.0.1:9100"});
  workers.probe_answer = ProbeAnswer::kOtherEpoch;
  check_for_long();
  EXPECT_EQ(end_of(session), EndReason::kWorkerLost);
  EXPECT_EQ(wait(fleet.find(session.id)).error().fault, Fault::kNoSuchSession);
  EXPECT_EQ(wait(fleet.workers()).value()[0].worker.epoch, "e2") << "its next run stays";
}

TEST_F(WorkerWatchTest, TellsItsOwnClientsWhereAnotherGatewayEndedTheRows) {
  beat();
  running();
  check();
  workers.relayed = {kRun};
  wait(log->end_run(kRun, EndReason::kWorkerLost, clock.wall())).value();
  fleet.lose_everything();
  workers.probe_answer = ProbeAnswer::kRefused;
  check_for_long();
  ASSERT_FALSE(workers.closed.empty());
  EXPECT_EQ(workers.closed[0], kRun);
}

TEST_F(WorkerWatchTest, LosesNobodyByAFleetThatLostEverything) {
  beat();
  const auto session = running();
  check();
  fleet.lose_everything();
  workers.probe_answer = ProbeAnswer::kSameEpoch;
  check_for_long();
  EXPECT_EQ(end_of(session), std::nullopt);
  EXPECT_TRUE(workers.closed.empty());
  ASSERT_FALSE(workers.probed.empty());
  EXPECT_EQ(workers.probed[0], kWorker);
}

TEST_F(WorkerWatchTest, LosesNobodyByAFleetThatIsAway) {
  beat();
  const auto session = running();
  check();
  fleet.away = true;
  workers.probe_answer = ProbeAnswer::kRefused;
  check_for_long();
  EXPECT_EQ(end_of(session), std::nullopt);
}

TEST_F(WorkerWatchTest, AsksNobodyWhoIsInTheFleet) {
  beat();
  running();
  check();
  check();
  EXPECT_TRUE(workers.probed.empty());
}

TEST_F(WorkerWatchTest, RemembersWhereEachWorkerIs) {
  beat();
  check();
  EXPECT_EQ(directory.find(kRun), kWorker);
}

TEST_F(WorkerWatchTest, MeasuresTheFleet) {
  beat();
  auto draining = store::WorkerStatus{.worker = {"v", "e", ""}, .capacity = 3};
  draining.state = store::WorkerState::kDraining;
  wait(fleet.heartbeat(draining, {SessionId::random()})).value();
  check();
  watch.measure();
  const auto text = metrics.text();
  EXPECT_NE(text.find("pbaas_workers{state=\"ready\"} 1"), std::string::npos);
  EXPECT_NE(text.find("pbaas_workers{state=\"draining\"} 1"), std::string::npos);
  EXPECT_NE(text.find("pbaas_slots{state=\"free\"} 5"), std::string::npos) << text;
  EXPECT_NE(text.find("pbaas_slots{state=\"used\"} 1"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::gateway
