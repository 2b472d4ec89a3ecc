// What every SessionLog must do for a fleet, beside session_log_contract.h and with the same Rig:
// the filters of a list, runs of workers, and creates that were forgotten.
#pragma once

#include "store/session_log_contract.h"

namespace pbaas::store {

template <typename Rig>
class SessionLogFleetContract : public SessionLogContract<Rig> {};

TYPED_TEST_SUITE_P(SessionLogFleetContract);

TYPED_TEST_P(SessionLogFleetContract, ListsOnlySessionsThatEndedForTheReasonAskedFor) {
  auto wanted = this->running();
  wanted.end(TestFixture::Reason::kIdleTimeout, wanted.created_at);
  this->log().record(wanted);
  this->log().record(this->ended());
  this->log().record(this->running());
  EXPECT_EQ(
      this->all_ids({.owner = "ann", .end_reason = TestFixture::Reason::kIdleTimeout, .limit = 1}),
      std::vector{wanted.id});
}

TYPED_TEST_P(SessionLogFleetContract, ListsOnlySessionsOfTheWorkerAskedFor) {
  const auto wanted = this->on({"worker-2", "epoch-1"});
  this->log().record(wanted);
  this->log().record(this->running());
  this->log().record(this->queued());
  EXPECT_EQ(this->all_ids({.owner = "ann", .worker = "worker-2", .limit = 1}),
            std::vector{wanted.id});
}

TYPED_TEST_P(SessionLogFleetContract, ListsOnlySessionsCreatedInTheTimeAskedFor) {
  std::vector<session::Session> made;
  for (int n = 0; n < 4; ++n) {
    made.push_back(this->running("ann", n));
    this->log().record(made.back());
  }
  // At or after the one, before the other.
  const SessionQuery query{.owner = "ann",
                           .created_after = made[2].created_at,
                           .created_before = made[0].created_at,
                           .limit = 1};
  EXPECT_EQ(this->all_ids(query), (std::vector{made[1].id, made[2].id}));
}

TYPED_TEST_P(SessionLogFleetContract, ListsOnlySessionsWithTheMetadataAskedFor) {
  std::vector<SessionId> blue;
  for (int n = 0; n < 6; ++n) {
    auto session = this->queued("ann", n);
    session.options.metadata = {{"team", n % 2 ? "blue" : "red"}, {"blue", "team"}, {"it's", "%"}};
    if (n % 2) blue.push_back(session.id);
    this->log().record(session);
  }
  EXPECT_EQ(this->all_ids({.owner = "ann", .metadata = {{"team", "blue"}}, .limit = 2}), blue);
  EXPECT_EQ(this->all_ids({.owner = "ann", .metadata = {{"it's", "%"}}}).size(), 6U);
  EXPECT_TRUE(this->all_ids({.owner = "ann", .metadata = {{"team", "b"}}}).empty());
  EXPECT_TRUE(this->all_ids({.owner = "bob", .metadata = {{"team", "blue"}}}).empty());
}

TYPED_TEST_P(SessionLogFleetContract, ListsWhatFitsAllFiltersAtOnce) {
  SessionQuery query{.owner = "ann", .limit = 1};
  std::vector<SessionId> wanted;
  for (int n = 0; n < 12; ++n) {
    auto session = n % 2 ? this->ended("ann", n) : this->running("ann", n);
    if (n % 3 == 0) session.options.metadata = {{"team", "blue"}};
    if (n % 2 && n % 3 == 0 && n < 9) wanted.push_back(session.id);
    if (n == 8) query.created_after = session.created_at;
    this->log().record(session);
  }
  query.status = TestFixture::State::kEnded;
  query.end_reason = TestFixture::Reason::kClientRequest;
  query.worker = "worker-1";
  query.created_before = WallTime::max();
  query.metadata = {"team", "blue"};
  EXPECT_EQ(this->all_ids(query), wanted);
  EXPECT_EQ(wanted.size(), 1U);
}

TYPED_TEST_P(SessionLogFleetContract, NamesEachRunWithOpenSessionsOnce) {
  const WorkerRun one{"worker-1", "a"};
  const WorkerRun two{"worker-1", "b"};
  this->log().record(this->on(two));
  this->log().record(this->on(one));
  this->log().record(this->on(one, false));
  this->log().record(this->queued());
  auto done = this->on({"worker-2", "c"});
  done.end(TestFixture::Reason::kDrained, done.created_at);
  this->log().record(done);
  EXPECT_EQ(this->run(this->log().open_runs()).value(), (std::vector{one, two}));
}

TYPED_TEST_P(SessionLogFleetContract, EndsTheOpenSessionsOfARunOnceAndNoOthers) {
  const WorkerRun gone{"worker-1", "a"};
  const auto running = this->on(gone);
  const auto starting = this->on(gone, false);
  const auto other = this->on({"worker-1", "b"});
  for (const auto& session : {running, starting, other}) this->log().record(session);
  const WallTime now = running.created_at + Duration{1000};
  const auto reason = TestFixture::Reason::kWorkerLost;
  const auto ids = this->run(this->log().end_run(gone, reason, now)).value();
  EXPECT_EQ((std::set<SessionId>(ids.begin(), ids.end())),
            (std::set<SessionId>{running.id, starting.id}));
  EXPECT_TRUE(this->run(this->log().end_run(gone, reason, now)).value().empty());
  EXPECT_EQ(this->stored(running.id).end_reason, reason);
  EXPECT_EQ(this->stored(running.id).ended_at, now);
  EXPECT_EQ(this->stored(other.id), other);
}

TYPED_TEST_P(SessionLogFleetContract, NeverTakesBackARowThatItsRunsEndHasEnded) {
  auto session = this->on({"worker-1", "a"});
  this->log().record(session);
  ASSERT_TRUE(this->run(
      this->log().end_run({"worker-1", "a"}, TestFixture::Reason::kWorkerLost, WallTime{})));
  session.end(TestFixture::Reason::kClientRequest, session.created_at);
  this->log().record(session);
  EXPECT_EQ(this->stored(session.id).end_reason, TestFixture::Reason::kWorkerLost);
}

TYPED_TEST_P(SessionLogFleetContract, GivesBackTheKeysOfARunThatIsGoneWhereNoBrowserRan) {
  const WorkerRun gone{"worker-1", "a"};
  auto starting = this->queued();
  auto running = this->queued();
  ASSERT_TRUE(this->run(this->log().insert_once(starting, this->key("ann", "starting"))));
  ASSERT_TRUE(this->run(this->log().insert_once(running, this->key("ann", "running"))));
  starting.start(gone.worker, gone.epoch);
  running.start(gone.worker, gone.epoch);
  running.run({41'000, "guid-1"}, running.created_at);
  this->log().record(starting);
  this->log().record(running);
  ASSERT_TRUE(this->run(this->log().end_run(gone, TestFixture::Reason::kWorkerLost, WallTime{})));
  const auto next =
      this->run(this->log().insert_once(this->queued(), this->key("ann", "starting")));
  EXPECT_FALSE(next.value());
  const auto same = this->run(this->log().insert_once(this->queued(), this->key("ann", "running")));
  ASSERT_TRUE(same.value());
  EXPECT_EQ(same.value()->session.end_reason, TestFixture::Reason::kWorkerLost);
}

TYPED_TEST_P(SessionLogFleetContract, AbandonsCreatesThatNobodyCanBeWaitingFor) {
  auto forgotten = this->queued();
  auto patient = this->queued();
  forgotten.options.queue_timeout = std::chrono::seconds(30);
  patient.options.queue_timeout = std::chrono::seconds(31);
  const auto running = this->running();
  for (const auto& session : {forgotten, patient, running}) this->log().record(session);
  const WallTime in_time = forgotten.created_at + std::chrono::seconds(630);
  const WallTime late = in_time + Duration{1};
  EXPECT_TRUE(this->run(this->log().end_forgotten(in_time)).value().empty());
  EXPECT_EQ(this->run(this->log().end_forgotten(late)).value(), std::vector{forgotten.id});
  EXPECT_TRUE(this->run(this->log().end_forgotten(late)).value().empty());
  EXPECT_EQ(this->stored(forgotten.id).end_reason, TestFixture::Reason::kAbandoned);
  EXPECT_EQ(this->stored(patient.id), patient);
}

TYPED_TEST_P(SessionLogFleetContract, TellsWhereAWorkerAndItsRowsDiffer) {
  const WorkerRun run{"worker-1", "a"};
  const auto open = this->on(run);
  const auto starting = this->on(run, false);
  auto done = this->on(run);
  done.end(TestFixture::Reason::kDrained, done.created_at);
  const auto others = this->on({"worker-1", "b"});
  for (const auto& session : {open, starting, done, others}) this->log().record(session);
  const auto rows =
      this->run(this->log().rows_of(run, {open.id, done.id, SessionId::random()})).value();
  EXPECT_EQ((std::set<SessionId>(rows.open.begin(), rows.open.end())),
            (std::set<SessionId>{open.id, starting.id}));
  EXPECT_EQ(rows.ended, std::vector{done.id});
}

TYPED_TEST_P(SessionLogFleetContract, KnowsAnyNumberOfHeldSessions) {
  const auto done = this->ended();
  this->log().record(done);
  std::vector<SessionId> held;
  for (int n = 0; n < 2500; ++n) held.push_back(SessionId::random());
  held.push_back(done.id);
  const auto rows = this->run(this->log().rows_of({"worker-1", "a"}, held)).value();
  EXPECT_TRUE(rows.open.empty());
  EXPECT_EQ(rows.ended, std::vector{done.id});
}

REGISTER_TYPED_TEST_SUITE_P(SessionLogFleetContract, ListsOnlySessionsThatEndedForTheReasonAskedFor,
                            ListsOnlySessionsOfTheWorkerAskedFor,
                            ListsOnlySessionsCreatedInTheTimeAskedFor,
                            ListsOnlySessionsWithTheMetadataAskedFor, ListsWhatFitsAllFiltersAtOnce,
                            NamesEachRunWithOpenSessionsOnce,
                            EndsTheOpenSessionsOfARunOnceAndNoOthers,
                            NeverTakesBackARowThatItsRunsEndHasEnded,
                            GivesBackTheKeysOfARunThatIsGoneWhereNoBrowserRan,
                            AbandonsCreatesThatNobodyCanBeWaitingFor,
                            TellsWhereAWorkerAndItsRowsDiffer, KnowsAnyNumberOfHeldSessions);

}  // namespace pbaas::store
