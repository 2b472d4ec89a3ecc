#include "worker/fleet_member.h"

#include <gtest/gtest.h>

#include "store/fleet_switch.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"
#include "worker/staged_launcher.h"

namespace pbaas::worker {
namespace {

using session::EndReason;
using session::Session;
using session::SessionStatus;

constexpr Duration kLease{60'000};

struct FleetMemberTest : ::testing::Test {
  // The loop's timers run on the real clock, so the test's clock begins at the same moment.
  FleetMemberTest() {
    clock.advance(SystemClock().now() - clock.now());
    launcher.go.set();
    worker.on_gone([this](const Session& gone) { member.session_gone(gone); });
  }

  // A worker goes only when its tasks have.
  void TearDown() override {
    launcher.go.set();
    support::run_task(loop, worker.drain([this] { return Deadline::at(clock.now()); }));
  }

  template <typename T>
  auto wait(net::Task<T> task) {
    return support::run_task(loop, std::move(task));
  }
  void beat() { wait(member.beat()); }
  void reconcile() { wait(member.reconcile()); }
  Session start() { return wait(worker.start(new_session())).value(); }
  Session row(const SessionId& id) { return wait(log->find(id)).value(); }
  std::optional<EndReason> end_here(const SessionId& id) {
    const auto described = worker.describe(id);
    return described ? described->end_reason : row(id).end_reason;
  }
  // A row as another run of a worker, or a gateway, left it.
  Session left_open(const std::string& epoch) {
    auto session = new_session();
    session.start("w", epoch);
    session.run({9222, "guid"}, clock.wall());
    log->record(session);
    return session;
  }

  net::Loop loop{1};
  TestClock clock;
  StagedLauncher launcher{loop};
  support::TempFolder folder;
  std::unique_ptr<store::SqliteSessionLog> log =
      store::SqliteSessionLog::open(loop, folder.file("log.db")).value();
  Metrics metrics;
  store::FleetSwitch fleet{clock};
  Worker worker{loop, clock, {.id = "w", .capacity = 2}, launcher, *log, metrics};
  FleetMember member{loop, clock, worker, fleet, *log, metrics, {Duration{1'000}, kLease}};
};

TEST_F(FleetMemberTest, SaysThatTheWorkerIsThereAndWhatItHas) {
  start();
  beat();
  const auto workers = wait(fleet.workers()).value();
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0].worker.epoch, worker.run().epoch);
  EXPECT_EQ(workers[0].used, 1);
}

TEST_F(FleetMemberTest, PublishesItsSessionsAgainAfterTheFleetLostThem) {
  const auto session = start();
  beat();
  fleet.lose_everything();
  beat();
  EXPECT_EQ(wait(fleet.find(session.id)).value().worker.id, "w");
}

TEST_F(FleetMemberTest, KeepsItsSessionsWhileTheFleetIsAwayForLessThanTheLease) {
  const auto session = start();
  beat();
  fleet.away = true;
  clock.advance(kLease - Duration{1});
  beat();
  EXPECT_EQ(end_here(session.id), std::nullopt);
}

TEST_F(FleetMemberTest, EndsItsSessionsAndStartsNoneWhenTheLeaseHasRunOut) {
  const auto session = start();
  beat();
  fleet.away = true;
  clock.advance(kLease);
  beat();
  EXPECT_EQ(end_here(session.id), EndReason::kWorkerLost);
  EXPECT_FALSE(wait(worker.start(new_session())));
}

TEST_F(FleetMemberTest, StartsAgainOnceTheFleetIsBack) {
  fleet.away = true;
  clock.advance(kLease);
  beat();
  fleet.away = false;
  beat();
  EXPECT_EQ(start().status, SessionStatus::kRunning);
}

TEST_F(FleetMemberTest, GivesTheSlotBackWhenTheEndIsInTheLog) {
  const auto session = start();
  beat();
  wait(fleet.publish(worker.place(session.id).value())).value();
  worker.end(session.id, EndReason::kClientRequest).value();
  while (wait(fleet.find(session.id))) loop.run_one();
  EXPECT_EQ(row(session.id).end_reason, EndReason::kClientRequest);
  EXPECT_EQ(wait(fleet.workers()).value()[0].used, 0);
}

TEST_F(FleetMemberTest, EndsWhatAFormerRunOfTheWorkerLeftOpen) {
  const auto former = left_open("epoch-of-before");
  reconcile();
  EXPECT_EQ(row(former.id).end_reason, EndReason::kWorkerLost);
}

TEST_F(FleetMemberTest, LeavesTheSessionsOfOtherWorkersAlone) {
  auto other = new_session();
  other.start("v", "epoch");
  log->record(other);
  reconcile();
  EXPECT_EQ(row(other.id).status, SessionStatus::kStarting);
}

TEST_F(FleetMemberTest, EndsABrowserWhoseSessionEndedInTheLog) {
  const auto session = start();
  wait(log->end_run(worker.run(), EndReason::kWorkerLost, clock.wall())).value();
  reconcile();
  EXPECT_EQ(end_here(session.id), EndReason::kWorkerLost);
}

TEST_F(FleetMemberTest, EndsARowThatItDoesNotHaveWhenItIsThereAtTheSecondLook) {
  const auto strange = left_open(worker.run().epoch);
  reconcile();
  EXPECT_EQ(row(strange.id).end_reason, std::nullopt);
  reconcile();
  EXPECT_EQ(row(strange.id).end_reason, EndReason::kWorkerLost);
}

TEST_F(FleetMemberTest, FindsNothingToRepairWhereAllAgree) {
  start();
  beat();
  beat();
  reconcile();
  reconcile();
  EXPECT_EQ(metrics.text().find("pbaas_reconcile_repairs_total{kind=\"row"), std::string::npos);
  EXPECT_EQ(metrics.text().find("pbaas_reconcile_repairs_total{kind=\"browser"), std::string::npos);
}

TEST_F(FleetMemberTest, IsNotMissedWhenItLeaves) {
  beat();
  wait(member.leave());
  beat();
  EXPECT_TRUE(wait(fleet.workers()).value().empty());
}

}  // namespace
}  // namespace pbaas::worker
