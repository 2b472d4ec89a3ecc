#include "store/sqlite_sessions.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

using session::EndReason;
using session::Session;
using session::SessionStatus;

class SqliteSessionsTest : public testing::Test {
 protected:
  static Session running() {
    Session made{.id = SessionId::random()};
    made.created_at = WallTime{Duration{100}};
    made.start("worker-1");
    made.run({41'000, "guid"}, WallTime{Duration{200}});
    return made;
  }

  // "status@ms" of every event of the session, in order.
  std::vector<std::string> events(const SessionId& id) {
    SQLite::Database database(path_, SQLite::OPEN_READONLY);
    SQLite::Statement query(database,
                            "SELECT status || '@' || at || coalesce(':' || reason, '') FROM "
                            "session_events WHERE session_id = ? ORDER BY seq");
    query.bind(1, id.text());
    std::vector<std::string> list;
    while (query.executeStep()) list.push_back(query.getColumn(0).getString());
    return list;
  }

  // The lines of EXPLAIN QUERY PLAN for a query, as one text.
  std::string plan(const std::string& sql) {
    SQLite::Database database(path_, SQLite::OPEN_READONLY);
    SQLite::Statement query(database, "EXPLAIN QUERY PLAN " + sql);
    std::string text;
    while (query.executeStep()) text += query.getColumn(3).getString() + "\n";
    return text;
  }

  support::TempFolder folder_;
  const std::string path_ = folder_.file("sessions.db");
  std::unique_ptr<SqliteSessions> sessions_ = SqliteSessions::open(path_).value();
};

TEST_F(SqliteSessionsTest, NotesEachStepOfASessionOnce) {
  auto session = running();
  ASSERT_TRUE(sessions_->write({session}));
  ASSERT_TRUE(sessions_->write({session}));
  session.end(EndReason::kIdleTimeout, WallTime{Duration{300}});
  ASSERT_TRUE(sessions_->write({session}));
  EXPECT_EQ(events(session.id),
            (std::vector<std::string>{"queued@100", "running@200", "ended@300:idle_timeout"}));
}

TEST_F(SqliteSessionsTest, NotesNoStepThatDidNotHappen) {
  auto session = running();
  session.end(EndReason::kIdleTimeout, WallTime{Duration{300}});
  ASSERT_TRUE(sessions_->write({session}));
  session.end_reason = EndReason::kBrowserCrashed;
  session.ended_at = WallTime{Duration{400}};
  ASSERT_TRUE(sessions_->write({session}));
  EXPECT_EQ(events(session.id).back(), "ended@300:idle_timeout");
}

TEST_F(SqliteSessionsTest, NotesTheEndOfWhatWasOpen) {
  const auto session = running();
  ASSERT_TRUE(sessions_->write({session}));
  ASSERT_TRUE(sessions_->end_open(EndReason::kWorkerLost, WallTime{Duration{500}}));
  EXPECT_EQ(events(session.id).back(), "ended@500:worker_lost");
}

TEST_F(SqliteSessionsTest, MovesOnlyForwardBetweenAnyTwoStates) {
  constexpr std::array kStates{SessionStatus::kQueued, SessionStatus::kStarting,
                               SessionStatus::kRunning, SessionStatus::kEnded};
  const auto in_state = [](SessionStatus state, const SessionId& id, int port) {
    Session made{.id = id};
    made.status = state;
    made.browser = session::BrowserAddress{port, "guid"};
    if (state != SessionStatus::kEnded) return made;
    made.end_reason = EndReason::kDrained;
    made.ended_at = WallTime{};
    return made;
  };
  for (const auto from : kStates) {
    for (const auto to : kStates) {
      const auto id = SessionId::random();
      ASSERT_TRUE(sessions_->write({in_state(from, id, 1)}));
      ASSERT_TRUE(sessions_->write({in_state(to, id, 2)}));
      const bool moves = from != SessionStatus::kEnded && to >= from;
      EXPECT_EQ(sessions_->find(id).value(), in_state(moves ? to : from, id, moves ? 2 : 1))
          << to_word(from) << " to " << to_word(to);
    }
  }
}

TEST_F(SqliteSessionsTest, WritesABatchWholeOrNotAtAll) {
  const auto good = running();
  auto bad = running();
  bad.status = SessionStatus::kEnded;  // without a reason, which the schema refuses
  EXPECT_EQ(sessions_->write({good, bad}).error().fault, Fault::kStoreUnavailable);
  EXPECT_EQ(sessions_->find(good.id).error().fault, Fault::kNoSuchSession);
}

TEST_F(SqliteSessionsTest, ReadsNoRowThatIsNoSession) {
  const auto session = running();
  ASSERT_TRUE(sessions_->write({session}));
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("UPDATE sessions SET options = 'x'");
  EXPECT_EQ(sessions_->find(session.id).error().fault, Fault::kStoreUnavailable);
}

TEST_F(SqliteSessionsTest, GivesAtLeastOneAndAtMostTwoHundredAPage) {
  std::vector<Session> many;
  for (int n = 0; n < 250; ++n) many.push_back(running());
  ASSERT_TRUE(sessions_->write(many));
  EXPECT_EQ(sessions_->list({.limit = 0}).value().sessions.size(), 1U);
  EXPECT_EQ(sessions_->list({.limit = 100'000}).value().sessions.size(), 200U);
}

TEST_F(SqliteSessionsTest, FindsAPageByItsIndexAndSortsNothing) {
  const std::string order = " ORDER BY created_at DESC, id DESC LIMIT 51";
  const auto by_age =
      plan("SELECT * FROM sessions WHERE owner = 'a' AND (created_at, id) < (1, 'x')" + order);
  EXPECT_NE(by_age.find("sessions_by_age"), std::string::npos) << by_age;
  EXPECT_EQ(by_age.find("TEMP B-TREE"), std::string::npos) << by_age;
  const auto by_status =
      plan("SELECT * FROM sessions WHERE owner = 'a' AND status = 'running'" + order);
  EXPECT_NE(by_status.find("sessions_by_status"), std::string::npos) << by_status;
  EXPECT_EQ(by_status.find("TEMP B-TREE"), std::string::npos) << by_status;
}

}  // namespace
}  // namespace pbaas::store
