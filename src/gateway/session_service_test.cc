#include "gateway/session_service.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "gateway/staged_workers.h"
#include "store/fleet_switch.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::gateway {
namespace {

namespace asio = boost::asio;
using session::EndReason;
using session::Session;
using session::SessionStatus;

session::SessionOptions options(int queue_timeout_s = 30) {
  session::SessionOptions options;
  options.timeout = std::chrono::seconds(60);
  options.idle_timeout = std::chrono::seconds(10);
  options.queue_timeout = std::chrono::seconds(queue_timeout_s);
  return options;
}

// A create that goes on while the test does other things, and that can be cancelled as a client's
// leaving does.
struct Create {
  Create(net::Loop& on, SessionService& service, session::SessionOptions wanted) : loop(on) {
    asio::co_spawn(
        loop, run(service, std::move(wanted)),
        asio::bind_cancellation_slot(cancel.slot(), [this](const std::exception_ptr& thrown) {
          over = true;
          cancelled = thrown != nullptr;
        }));
  }
  ~Create() {
    if (!over) leave();
  }
  // The task writes into this object, so it must be over before.
  void leave() {
    cancel.emit(asio::cancellation_type::terminal);
    loop.restart();
    loop.poll();
  }
  net::Task<void> run(SessionService& service, session::SessionOptions wanted) {
    result = co_await service.create(std::move(wanted), "");
  }

  net::Loop& loop;
  asio::cancellation_signal cancel;
  std::optional<Result<Session>> result;
  bool over = false;
  bool cancelled = false;
};

struct SessionServiceTest : ::testing::Test {
  SessionServiceTest() {
    fleet.on_turn([this](const SessionId& id) { service.wake(id); });
    support::run_task(loop, fleet.heartbeat({.worker = {"w", "e", ""}, .capacity = 1}, {}));
  }

  template <typename T>
  T wait(net::Task<T> task) {
    return support::run_task(loop, std::move(task));
  }
  void settle() {
    loop.restart();
    loop.poll();
  }
  int used() { return wait(fleet.workers())->at(0).used; }

  SystemClock clock;
  support::TempFolder folder;
  net::Loop loop{1};
  std::unique_ptr<store::SqliteSessionLog> log =
      store::SqliteSessionLog::open(loop, folder.file("log.db")).value();
  store::FleetSwitch fleet{clock, 2};
  StagedWorkers workers{loop, clock};
  WorkerDirectory directory;
  Metrics metrics;
  SessionService service{loop, clock, fleet, *log, workers, directory, metrics};
};

TEST_F(SessionServiceTest, CreatesASessionAndFindsIt) {
  workers.go.set();
  const auto created = wait(service.create(options(), "me"));
  ASSERT_TRUE(created);
  EXPECT_EQ(created->status, SessionStatus::kRunning);
  EXPECT_EQ(wait(service.find(created->id, "me"))->browser->debug_port, 9222);
  EXPECT_EQ(wait(service.endpoint(created->id, "me"))->browser.guid, "guid");
}

TEST_F(SessionServiceTest, AForeignSessionIsNoSession) {
  workers.go.set();
  const auto created = wait(service.create(options(), "me"));
  EXPECT_EQ(wait(service.find(created->id, "you")).error().fault, Fault::kNoSuchSession);
  EXPECT_EQ(wait(service.end(created->id, "you")).error().fault, Fault::kNoSuchSession);
  EXPECT_EQ(wait(service.endpoint(created->id, "you")).error().fault, Fault::kNoSuchSession);
  EXPECT_EQ(wait(service.find(SessionId::random(), "me")).error().fault, Fault::kNoSuchSession);
}

TEST_F(SessionServiceTest, WaitsForASlotAndGetsTheNextThatIsFree) {
  workers.go.set();
  const auto first = wait(service.create(options(), ""));
  Create second(loop, service, options());
  settle();
  EXPECT_FALSE(second.over);
  EXPECT_EQ(service.waiting(), 1);
  wait(fleet.release(first->id));
  settle();
  ASSERT_TRUE(second.over);
  EXPECT_TRUE(*second.result);
}

TEST_F(SessionServiceTest, RefusesWhenNoSlotBecomesFreeInTime) {
  workers.go.set();
  wait(service.create(options(), ""));
  const auto late = wait(service.create(options(0), ""));
  EXPECT_EQ(late.error().fault, Fault::kNoCapacity);
  EXPECT_GT(late.error().retry_after_s, 0);
}

TEST_F(SessionServiceTest, RefusesAtOnceWhenTheQueueIsFull) {
  workers.go.set();
  wait(service.create(options(), ""));
  const Create second(loop, service, options());
  const Create third(loop, service, options());
  settle();
  EXPECT_EQ(wait(service.create(options(), "")).error().fault, Fault::kQueueFull);
}

TEST_F(SessionServiceTest, AClientThatLeavesTheQueueLeavesNothing) {
  workers.go.set();
  const auto first = wait(service.create(options(), ""));
  Create second(loop, service, options());
  settle();
  second.leave();
  EXPECT_TRUE(second.cancelled);
  EXPECT_EQ(service.waiting(), 0);
  wait(fleet.release(first->id));
  settle();
  EXPECT_EQ(used(), 0);
  EXPECT_EQ(workers.starts, 1);
}

TEST_F(SessionServiceTest, AClientThatLeavesWhileItsBrowserStartsEndsTheSession) {
  Create create(loop, service, options());
  settle();
  ASSERT_EQ(workers.starts, 1);
  create.leave();
  EXPECT_TRUE(create.cancelled);
  EXPECT_EQ(workers.sessions.begin()->second.end_reason, EndReason::kAbandoned);
}

TEST_F(SessionServiceTest, TriesAgainWhenTheWorkerRefusesAndKeepsTheSlotCountRight) {
  workers.go.set();
  workers.refusal = Error{Fault::kNoCapacity, "stale"};
  EXPECT_TRUE(wait(service.create(options(), "")));
  EXPECT_EQ(workers.starts, 2);
  EXPECT_EQ(used(), 1);
}

TEST_F(SessionServiceTest, EndsASessionThatStillWaitsInTheQueue) {
  workers.go.set();
  log->record(*wait(service.create(options(), "")));  // as the worker does
  const Create second(loop, service, options());
  settle();
  const auto queued = wait(service.list({.status = SessionStatus::kQueued}));
  ASSERT_EQ(queued->sessions.size(), 1);
  EXPECT_EQ(wait(service.end(queued->sessions[0].id, ""))->end_reason, EndReason::kClientRequest);
  settle();
  EXPECT_EQ(second.result->error().fault, Fault::kSessionEnded);
}

TEST_F(SessionServiceTest, AnEndedSessionSaysWhyItCannotBeConnectedTo) {
  workers.go.set();
  auto session = *wait(service.create(options(), ""));
  session.end(EndReason::kIdleTimeout, clock.wall());
  log->record(session);
  workers.sessions.clear();
  const auto refused = wait(service.endpoint(session.id, ""));
  EXPECT_EQ(refused.error().fault, Fault::kSessionEnded);
  EXPECT_EQ(refused.error().end_reason, "idle_timeout");
}

TEST_F(SessionServiceTest, TheSameIdempotencyKeyGivesTheSameSession) {
  workers.go.set();
  const auto first = wait(service.create_once(options(), {"me", "k", "hash"}));
  log->record(*first);  // as the worker does
  const auto again = wait(service.create_once(options(), {"me", "k", "hash"}));
  EXPECT_EQ(first->id, again->id);
  EXPECT_EQ(workers.starts, 1);
  const auto other = wait(service.create_once(options(), {"me", "k", "other"}));
  EXPECT_EQ(other.error().fault, Fault::kIdempotencyMismatch);
}

TEST_F(SessionServiceTest, AKeyWhoseSessionNeverRanIsFreeAgain) {
  workers.go.set();
  wait(service.create(options(), ""));
  EXPECT_EQ(wait(service.create_once(options(0), {"", "k", "hash"})).error().fault,
            Fault::kNoCapacity);
  wait(fleet.heartbeat({.worker = {"w", "e2", ""}, .capacity = 1}, {}));
  const auto again = wait(service.create_once(options(0), {"", "k", "hash"}));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, SessionStatus::kRunning);
}

TEST_F(SessionServiceTest, RefusesThoseWhoWaitWhenItIsStopped) {
  workers.go.set();
  wait(service.create(options(), ""));
  Create second(loop, service, options());
  settle();
  service.stop_admitting();
  settle();
  EXPECT_EQ(second.result->error().fault, Fault::kDraining);
  EXPECT_EQ(wait(service.create(options(), "")).error().fault, Fault::kDraining);
}

TEST_F(SessionServiceTest, BeginsAnewElsewhereWhenItIsInDoubtWhetherAWorkerHasTheSession) {
  workers.go.set();
  wait(fleet.heartbeat({.worker = {"v", "e", ""}, .capacity = 1}, {})).value();
  workers.lost_worker = "v";
  Create first(loop, service, options());
  Create second(loop, service, options());
  settle();
  ASSERT_TRUE(first.over);
  ASSERT_TRUE(*first.result);
  EXPECT_EQ((*first.result)->worker, "w");
  EXPECT_FALSE(second.over) << "the only other worker is avoided";
  EXPECT_EQ(workers.ids_at("v").size(), workers.ids_asked.size() - workers.ids_at("w").size());
  for (const auto& id : workers.ids_at("v")) EXPECT_NE(id, (*first.result)->id);
}

TEST_F(SessionServiceTest, GivesNoBrowserToACreateThatWasEndedWhileItAskedForItsSlot) {
  workers.go.set();
  const auto first = wait(service.create(options(), ""));
  log->record(*first);  // as the worker does
  Create second(loop, service, options());
  settle();
  const auto queued = wait(service.list({.status = SessionStatus::kQueued}))->sessions.at(0);
  net::Event answered(loop);
  fleet.hold_places = &answered;
  wait(fleet.release(first->id)).value();
  settle();
  EXPECT_EQ(wait(service.end(queued.id, ""))->end_reason, EndReason::kClientRequest);
  fleet.hold_places = nullptr;
  answered.set();
  settle();
  ASSERT_TRUE(second.over);
  EXPECT_EQ(second.result->error().fault, Fault::kSessionEnded);
  EXPECT_EQ(workers.starts, 1);
}

TEST_F(SessionServiceTest, RefusesACreateAtOnceWhileTheFleetIsAway) {
  fleet.away = true;
  const auto refused = wait(service.create(options(), ""));
  EXPECT_EQ(refused.error().fault, Fault::kStoreUnavailable);
  EXPECT_GT(refused.error().retry_after_s, 0);
}

Error no_room() {
  return {Fault::kRecordingsFull, "RECORDING_SPOOL_MAX is 1", "record", 60};
}

TEST_F(SessionServiceTest, RefusesAtOnceWhatNoWorkerHasRoomToRecord) {
  workers.go.set();
  workers.refusal = no_room();
  const auto created = wait(service.create(options(), ""));
  ASSERT_FALSE(created);
  EXPECT_EQ(created.error().fault, Fault::kRecordingsFull);
  EXPECT_EQ(created.error().detail, "RECORDING_SPOOL_MAX is 1");
  EXPECT_EQ(workers.starts, 1);
  EXPECT_EQ(used(), 0);
}

TEST_F(SessionServiceTest, GivesTheNextSessionToAWorkerThatOnlyHasNoRoomToRecord) {
  workers.go.set();
  workers.refusal = no_room();
  EXPECT_FALSE(wait(service.create(options(), "")));
  EXPECT_TRUE(wait(service.create(options(0), "")));
}

TEST_F(SessionServiceTest, HasAnotherWorkerRecordWhereOneHasNoRoom) {
  wait(fleet.heartbeat({.worker = {"w2", "e", ""}, .capacity = 1}, {})).value();
  workers.go.set();
  workers.refusal = no_room();
  EXPECT_TRUE(wait(service.create(options(), "")));
  EXPECT_EQ(workers.starts, 2);
}

TEST_F(SessionServiceTest, FindsARunningSessionWhileTheFleetIsAway) {
  workers.go.set();
  const auto created = wait(service.create(options(), "me"));
  log->record(*created);  // as the worker does
  fleet.away = true;
  EXPECT_EQ(wait(service.find(created->id, "me"))->status, SessionStatus::kRunning);
  EXPECT_EQ(wait(service.endpoint(created->id, "me"))->browser.guid, "guid");
  EXPECT_EQ(wait(service.end(created->id, "me"))->end_reason, EndReason::kClientRequest);
}

TEST_F(SessionServiceTest, FindsARunningSessionThatTheFleetHasForgotten) {
  workers.go.set();
  const auto created = wait(service.create(options(), "me"));
  log->record(*created);
  fleet.lose_everything();
  EXPECT_EQ(wait(service.endpoint(created->id, "me"))->browser.guid, "guid");
}

TEST_F(SessionServiceTest, GoesOnWaitingWhileTheFleetIsAway) {
  workers.go.set();
  const auto first = wait(service.create(options(), ""));
  Create second(loop, service, options());
  settle();
  fleet.away = true;
  loop.restart();
  loop.run_for(std::chrono::milliseconds(120));
  EXPECT_FALSE(second.over);
  fleet.away = false;
  wait(fleet.release(first->id)).value();
  loop.restart();
  loop.run_for(std::chrono::milliseconds(300));
  ASSERT_TRUE(second.over);
  EXPECT_TRUE(*second.result);
}

}  // namespace
}  // namespace pbaas::gateway
