// What every SessionLog must do, as tests: an implementation makes a Rig and instantiates the
// suite.
//
//   struct Rig {
//     explicit Rig(net::Loop& loop);   // an empty log
//     SessionLog& log();
//     void reopen();                   // the same log, as the next process finds it
//   };
#pragma once

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "store/session_log.h"
#include "support/run_task.h"

namespace pbaas::store {

template <typename Rig>
class SessionLogContract : public testing::Test {
 protected:
  using Session = session::Session;
  using Reason = session::EndReason;
  using State = session::SessionStatus;

  SessionLog& log() { return rig_.log(); }

  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop_, std::move(task));
  }

  static Session queued(const std::string& owner = "ann", int age_ms = 0) {
    Session made{.id = SessionId::random()};
    made.owner = owner;
    made.created_at = WallTime{Duration{1'700'000'000'000 - age_ms}};
    made.options.timeout = std::chrono::seconds(60);
    return made;
  }

  static Session running(const std::string& owner = "ann", int age_ms = 0) {
    Session made = queued(owner, age_ms);
    made.warm = true;
    made.start("worker-1", "epoch-1");
    made.run({41'000, "guid-1"}, made.created_at + Duration{5});
    return made;
  }

  // On a worker's run, waiting for its browser or with it.
  static Session on(const WorkerRun& run, bool is_running = true) {
    Session made = queued();
    made.start(run.worker, run.epoch);
    if (is_running) made.run({41'000, "guid-1"}, made.created_at + Duration{5});
    return made;
  }

  static Session ended(const std::string& owner = "ann", int age_ms = 0) {
    Session made = running(owner, age_ms);
    made.end(Reason::kClientRequest, made.created_at + Duration{9}, "by the client");
    return made;
  }

  static IdempotencyKey key(const std::string& owner, const std::string& text) {
    return {owner, text, "hash of the body"};
  }

  Session stored(const SessionId& id) { return run(log().find(id)).value(); }

  // All pages of the query, one after another.
  std::vector<SessionId> all_ids(SessionQuery query) {
    std::vector<SessionId> ids;
    for (;;) {
      const SessionPage page = run(log().list(query)).value();
      for (const auto& each : page.sessions) ids.push_back(each.id);
      if (!page.next_cursor) return ids;
      query.cursor = page.next_cursor;
    }
  }

  net::Loop loop_;
  Rig rig_{loop_};
};

TYPED_TEST_SUITE_P(SessionLogContract);

TYPED_TEST_P(SessionLogContract, GivesBackEverythingOfASession) {
  auto session = this->ended();
  session.options.viewport = session::Viewport{800, 600, 1.5};
  session.options.user_agent = "Somebody/1.0";
  session.options.locale = "fr-FR";
  session.options.timezone = "Europe/Paris";
  session.options.args = {"--mute-audio"};
  session.options.metadata = {{"name", "J\u00fcrgen \"quoted\""}, {"empty", ""}};
  session.traffic = {1, 2, 3, 1ULL << 40};
  session.use = {4, 0, Duration{5'678}, 1ULL << 41};
  this->log().record(session);
  EXPECT_EQ(this->stored(session.id), session);
}

TYPED_TEST_P(SessionLogContract, GivesBackASessionThatHasNothingYet) {
  const auto session = this->queued("");
  this->log().record(session);
  EXPECT_EQ(this->stored(session.id), session);
}

TYPED_TEST_P(SessionLogContract, SaysThatThereIsNoSuchSession) {
  const auto found = this->run(this->log().find(SessionId::random()));
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().fault, Fault::kNoSuchSession);
}

TYPED_TEST_P(SessionLogContract, MovesForwardWithEachState) {
  auto session = this->queued();
  for (const auto step : {0, 1, 2, 3}) {
    if (step == 1) session.start("worker-1", "epoch-1");
    if (step == 2) session.run({41'000, "guid-1"}, session.created_at);
    if (step == 3) session.end(TestFixture::Reason::kIdleTimeout, session.created_at);
    this->log().record(session);
    EXPECT_EQ(this->stored(session.id), session);
  }
}

TYPED_TEST_P(SessionLogContract, CountsTrafficOfARunningSession) {
  auto session = this->running();
  this->log().record(session);
  ASSERT_TRUE(this->run(this->log().flush()));
  session.traffic.bytes_up = 77;
  session.use = {7, 8, Duration{9}, {}};
  session.connections = 3;
  this->log().record(session);
  EXPECT_EQ(this->stored(session.id), session);
}

TYPED_TEST_P(SessionLogContract, NeverGoesBack) {
  const auto now = this->running();
  auto before = now;
  before.status = TestFixture::State::kStarting;
  this->log().record(now);
  ASSERT_TRUE(this->run(this->log().flush()));
  this->log().record(before);
  EXPECT_EQ(this->stored(now.id), now);
}

TYPED_TEST_P(SessionLogContract, NeverGoesBackWithinOneBatch) {
  const auto now = this->running();
  auto before = now;
  before.status = TestFixture::State::kStarting;
  this->log().record(now);
  this->log().record(before);
  EXPECT_EQ(this->stored(now.id), now);
}

TYPED_TEST_P(SessionLogContract, EndsASessionOnce) {
  const auto first = this->ended();
  auto second = first;
  second.end_reason = TestFixture::Reason::kBrowserCrashed;
  this->log().record(first);
  ASSERT_TRUE(this->run(this->log().flush()));
  this->log().record(second);
  EXPECT_EQ(this->stored(first.id).end_reason, TestFixture::Reason::kClientRequest);
}

TYPED_TEST_P(SessionLogContract, KeepsWhatWasFlushedForTheNextProcess) {
  const auto session = this->ended();
  this->log().record(session);
  ASSERT_TRUE(this->run(this->log().flush()));
  this->rig_.reopen();
  EXPECT_EQ(this->stored(session.id), session);
}

TYPED_TEST_P(SessionLogContract, KeepsWhatItSaysIsWritten) {
  const auto session = this->ended();
  this->log().record(session);
  this->run(this->log().written());
  EXPECT_EQ(this->log().stats().pending, 0U);
  EXPECT_EQ(this->stored(session.id), session);
}

TYPED_TEST_P(SessionLogContract, WritesWhatIsLeftWhenItIsClosed) {
  const auto session = this->ended();
  this->log().record(session);
  this->rig_.reopen();
  EXPECT_EQ(this->stored(session.id), session);
}

TYPED_TEST_P(SessionLogContract, KeepsAThousandSessionsRecordedAtOnce) {
  std::set<SessionId> recorded;
  for (int n = 0; n < 1000; ++n) {
    const auto session = this->ended("ann", n);
    recorded.insert(session.id);
    this->log().record(session);
  }
  ASSERT_TRUE(this->run(this->log().flush()));
  const auto ids = this->all_ids({.owner = "ann", .limit = 200});
  EXPECT_EQ(std::set<SessionId>(ids.begin(), ids.end()), recorded);
  EXPECT_EQ(ids.size(), recorded.size());
}

TYPED_TEST_P(SessionLogContract, ListsTheNewestFirst) {
  std::vector<SessionId> expected;
  for (int n = 0; n < 5; ++n) {
    const auto session = this->running("ann", n);
    expected.push_back(session.id);
    this->log().record(session);
  }
  EXPECT_EQ(this->all_ids({.owner = "ann"}), expected);
}

TYPED_TEST_P(SessionLogContract, PagesThroughSessionsOfOneMillisecondWithoutLossOrRepeat) {
  std::set<SessionId> recorded;
  for (int n = 0; n < 10; ++n) {
    const auto session = this->running();
    recorded.insert(session.id);
    this->log().record(session);
  }
  const auto ids = this->all_ids({.owner = "ann", .limit = 3});
  EXPECT_EQ(ids.size(), 10U);
  EXPECT_EQ(std::set<SessionId>(ids.begin(), ids.end()), recorded);
}

TYPED_TEST_P(SessionLogContract, DoesNotShiftPagesWhenNewSessionsArrive) {
  for (int n = 0; n < 4; ++n) this->log().record(this->running("ann", 10 + n));
  const SessionPage first = this->run(this->log().list({.owner = "ann", .limit = 2})).value();
  this->log().record(this->running("ann", 0));
  SessionQuery query{.owner = "ann", .limit = 2, .cursor = first.next_cursor};
  const SessionPage second = this->run(this->log().list(query)).value();
  ASSERT_EQ(second.sessions.size(), 2U);
  EXPECT_LT(second.sessions[0].created_at, first.sessions[1].created_at);
}

TYPED_TEST_P(SessionLogContract, GivesNoCursorAfterTheLastPage) {
  for (int n = 0; n < 2; ++n) this->log().record(this->running("ann", n));
  const SessionPage page = this->run(this->log().list({.owner = "ann", .limit = 2})).value();
  EXPECT_EQ(page.sessions.size(), 2U);
  EXPECT_FALSE(page.next_cursor);
}

TYPED_TEST_P(SessionLogContract, ListsOnlyTheOwnersSessions) {
  const auto mine = this->running("ann");
  this->log().record(mine);
  this->log().record(this->running("bob"));
  this->log().record(this->running(""));
  EXPECT_EQ(this->all_ids({.owner = "ann"}), std::vector{mine.id});
}

TYPED_TEST_P(SessionLogContract, ListsOnlySessionsOfTheStatusAskedFor) {
  const auto wanted = this->ended();
  this->log().record(wanted);
  this->log().record(this->running());
  this->log().record(this->queued());
  EXPECT_EQ(this->all_ids({.owner = "ann", .status = TestFixture::State::kEnded}),
            std::vector{wanted.id});
}

TYPED_TEST_P(SessionLogContract, RefusesACursorItNeverGave) {
  for (const char* cursor : {"", "x", "0", "!!!!", "MTcwMDAwMDAwMDAwMDp4"}) {
    const auto page = this->run(this->log().list({.owner = "ann", .cursor = cursor}));
    ASSERT_FALSE(page) << cursor;
    EXPECT_EQ(page.error().fault, Fault::kInvalidQuery);
    EXPECT_EQ(page.error().field, "cursor");
  }
}

TYPED_TEST_P(SessionLogContract, InsertsANewSessionUnderItsKey) {
  const auto session = this->queued();
  const auto existing = this->run(this->log().insert_once(session, this->key("ann", "k")));
  ASSERT_TRUE(existing);
  EXPECT_FALSE(*existing);
  EXPECT_EQ(this->stored(session.id), session);
}

TYPED_TEST_P(SessionLogContract, GivesTheSameSessionForTheSameKey) {
  auto first = this->queued();
  ASSERT_TRUE(this->run(this->log().insert_once(first, this->key("ann", "k"))));
  first.start("worker-1", "epoch-1");
  this->log().record(first);
  auto again = this->key("ann", "k");
  again.request_hash = "another";
  const auto existing = this->run(this->log().insert_once(this->queued(), again));
  ASSERT_TRUE(existing && *existing);
  EXPECT_EQ((*existing)->session, first);
  EXPECT_EQ((*existing)->request_hash, "hash of the body");
}

TYPED_TEST_P(SessionLogContract, KeepsKeysOfOwnersApart) {
  ASSERT_TRUE(this->run(this->log().insert_once(this->queued("ann"), this->key("ann", "k"))));
  const auto other = this->run(this->log().insert_once(this->queued("bob"), this->key("bob", "k")));
  ASSERT_TRUE(other);
  EXPECT_FALSE(*other);
}

TYPED_TEST_P(SessionLogContract, InsertsOneOfManyWithTheSameKey) {
  int inserted = 0;
  for (int n = 0; n < 50; ++n) {
    const auto existing =
        this->run(this->log().insert_once(this->queued(), this->key("ann", "k"))).value();
    if (!existing) ++inserted;
  }
  EXPECT_EQ(inserted, 1);
  EXPECT_EQ(this->all_ids({.owner = "ann"}).size(), 1U);
}

TYPED_TEST_P(SessionLogContract, GivesTheKeyOfASessionThatNeverRanToTheNext) {
  auto first = this->queued();
  ASSERT_TRUE(this->run(this->log().insert_once(first, this->key("ann", "k"))));
  first.end(TestFixture::Reason::kAbandoned, first.created_at);
  this->log().record(first);
  const auto next = this->run(this->log().insert_once(this->queued(), this->key("ann", "k")));
  ASSERT_TRUE(next);
  EXPECT_FALSE(*next);
}

TYPED_TEST_P(SessionLogContract, GivesBackTheKeyOfASessionThatWasStartingWhenTheProcessDied) {
  ASSERT_TRUE(this->run(this->log().insert_once(this->queued(), this->key("ann", "k"))));
  auto running = this->running();
  ASSERT_TRUE(this->run(this->log().insert_once(running, this->key("ann", "other"))));
  ASSERT_TRUE(
      this->run(this->log().end_open(TestFixture::Reason::kWorkerLost, running.created_at)));
  const auto next = this->run(this->log().insert_once(this->queued(), this->key("ann", "k")));
  EXPECT_FALSE(next.value());
  const auto same = this->run(this->log().insert_once(this->queued(), this->key("ann", "other")));
  EXPECT_TRUE(same.value());
}

TYPED_TEST_P(SessionLogContract, EndsWhatIsOpenForAProcessThatStarts) {
  const auto open = this->running();
  const auto done = this->ended();
  this->log().record(open);
  this->log().record(this->queued());
  this->log().record(done);
  const WallTime now = open.created_at + Duration{1000};
  const auto count = this->run(this->log().end_open(TestFixture::Reason::kWorkerLost, now));
  EXPECT_EQ(count.value(), 2U);
  EXPECT_EQ(this->stored(open.id).end_reason, TestFixture::Reason::kWorkerLost);
  EXPECT_EQ(this->stored(open.id).ended_at, now);
  EXPECT_EQ(this->stored(done.id), done);
}

TYPED_TEST_P(SessionLogContract, FindsNothingToEndTheSecondTime) {
  this->log().record(this->running());
  ASSERT_TRUE(this->run(this->log().end_open(TestFixture::Reason::kWorkerLost, WallTime{})));
  EXPECT_EQ(this->run(this->log().end_open(TestFixture::Reason::kWorkerLost, WallTime{})).value(),
            0U);
}

REGISTER_TYPED_TEST_SUITE_P(
    SessionLogContract, GivesBackEverythingOfASession, GivesBackASessionThatHasNothingYet,
    SaysThatThereIsNoSuchSession, MovesForwardWithEachState, CountsTrafficOfARunningSession,
    NeverGoesBack, NeverGoesBackWithinOneBatch, EndsASessionOnce,
    KeepsWhatWasFlushedForTheNextProcess, KeepsWhatItSaysIsWritten, WritesWhatIsLeftWhenItIsClosed,
    KeepsAThousandSessionsRecordedAtOnce, ListsTheNewestFirst,
    PagesThroughSessionsOfOneMillisecondWithoutLossOrRepeat, DoesNotShiftPagesWhenNewSessionsArrive,
    GivesNoCursorAfterTheLastPage, ListsOnlyTheOwnersSessions, ListsOnlySessionsOfTheStatusAskedFor,
    RefusesACursorItNeverGave, InsertsANewSessionUnderItsKey, GivesTheSameSessionForTheSameKey,
    KeepsKeysOfOwnersApart, InsertsOneOfManyWithTheSameKey,
    GivesTheKeyOfASessionThatNeverRanToTheNext,
    GivesBackTheKeyOfASessionThatWasStartingWhenTheProcessDied, EndsWhatIsOpenForAProcessThatStarts,
    FindsNothingToEndTheSecondTime);

}  // namespace pbaas::store
