#include "store/session_table.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

#include "store/sqlite_database.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

using session::EndReason;
using session::Session;
using session::SessionStatus;

class SessionTableTest : public testing::Test {
 protected:
  static Session running() {
    Session made{.id = SessionId::random()};
    made.created_at = WallTime{Duration{100}};
    made.start("worker-1", "epoch-1");
    made.run({41'000, "guid"}, WallTime{Duration{200}});
    return made;
  }

  // "status@ms" of every event of the session, in order.
  std::vector<std::string> events(const SessionId& id) {
    const auto rows = database_->query(
        {"SELECT status || '@' || at || coalesce(':' || reason, '') FROM session_events "
         "WHERE session_id = $1 ORDER BY seq",
         {id.text()}});
    std::vector<std::string> list;
    for (const auto& row : rows.value()) list.push_back(*row[0]);
    return list;
  }

  // The lines of EXPLAIN QUERY PLAN for a query, as one text.
  std::string plan(SqlStatement statement) {
    statement.text = "EXPLAIN QUERY PLAN " + statement.text;
    std::string text;
    for (const auto& row : database_->query(statement).value()) text += *row[3] + "\n";
    return text;
  }

  Status write(const std::vector<Session>& sessions) {
    std::vector<WrittenState> states;
    for (const auto& session : sessions) states.push_back({session, next_key()});
    return table_.write(states);
  }

  EventKey next_key() { return {"writer", kSeqsOfState * next_++}; }

  std::int64_t next_ = 0;
  support::TempFolder folder_;
  const std::string path_ = folder_.file("sessions.db");
  std::unique_ptr<SqliteDatabase> database_ = SqliteDatabase::open(path_).value();
  SessionTable table_{*database_, [this] { return next_key(); }};
};

TEST_F(SessionTableTest, NotesEachStepOfASessionOnce) {
  auto session = running();
  ASSERT_TRUE(write({session}));
  ASSERT_TRUE(write({session}));
  session.end(EndReason::kIdleTimeout, WallTime{Duration{300}});
  ASSERT_TRUE(write({session}));
  EXPECT_EQ(events(session.id),
            (std::vector<std::string>{"queued@100", "running@200", "ended@300:idle_timeout"}));
}

TEST_F(SessionTableTest, NotesNoStepThatDidNotHappen) {
  auto session = running();
  session.end(EndReason::kIdleTimeout, WallTime{Duration{300}});
  ASSERT_TRUE(write({session}));
  session.end_reason = EndReason::kBrowserCrashed;
  session.ended_at = WallTime{Duration{400}};
  ASSERT_TRUE(write({session}));
  EXPECT_EQ(events(session.id).back(), "ended@300:idle_timeout");
}

TEST_F(SessionTableTest, NotesTheEndOfWhatWasOpen) {
  const auto session = running();
  ASSERT_TRUE(write({session}));
  ASSERT_TRUE(table_.end_open(EndReason::kWorkerLost, WallTime{Duration{500}}));
  EXPECT_EQ(events(session.id).back(), "ended@500:worker_lost");
}

TEST_F(SessionTableTest, MovesOnlyForwardBetweenAnyTwoStates) {
  constexpr std::array kStates{SessionStatus::kQueued, SessionStatus::kStarting,
                               SessionStatus::kRunning, SessionStatus::kEnded};
  const auto in_state = [](SessionStatus state, const SessionId& id, int port) {
    Session made{.id = id};
    made.status = state;
    made.browser = session::BrowserAddress{port, "guid"};
    made.warm = port == 2;
    if (state != SessionStatus::kEnded) return made;
    made.end_reason = EndReason::kDrained;
    made.ended_at = WallTime{};
    return made;
  };
  for (const auto from : kStates) {
    for (const auto to : kStates) {
      const auto id = SessionId::random();
      ASSERT_TRUE(write({in_state(from, id, 1)}));
      ASSERT_TRUE(write({in_state(to, id, 2)}));
      const bool moves = from != SessionStatus::kEnded && to >= from;
      EXPECT_EQ(table_.find(id).value(), in_state(moves ? to : from, id, moves ? 2 : 1))
          << to_word(from) << " to " << to_word(to);
    }
  }
}

TEST_F(SessionTableTest, WritesABatchWholeOrNotAtAll) {
  const auto good = running();
  auto bad = running();
  bad.status = SessionStatus::kEnded;  // without a reason, which the schema refuses
  EXPECT_EQ(write({good, bad}).error().fault, Fault::kStoreUnavailable);
  EXPECT_EQ(table_.find(good.id).error().fault, Fault::kNoSuchSession);
}

TEST_F(SessionTableTest, ReadsNoRowThatIsNoSession) {
  const auto session = running();
  ASSERT_TRUE(write({session}));
  ASSERT_TRUE(database_->run_script("UPDATE sessions SET options = 'x'"));
  EXPECT_EQ(table_.find(session.id).error().fault, Fault::kStoreUnavailable);
}

TEST_F(SessionTableTest, GivesAtLeastOneAndAtMostTwoHundredAPage) {
  std::vector<Session> many;
  for (int n = 0; n < 250; ++n) many.push_back(running());
  ASSERT_TRUE(write(many));
  EXPECT_EQ(table_.list({.limit = 0}).value().sessions.size(), 1U);
  EXPECT_EQ(table_.list({.limit = 100'000}).value().sessions.size(), 200U);
}

TEST_F(SessionTableTest, NotesTheEndOfEachRowOfARun) {
  const auto one = running();
  const auto two = running();
  ASSERT_TRUE(write({one, two}));
  ASSERT_TRUE(
      table_.end_run({"worker-1", "epoch-1"}, EndReason::kWorkerLost, WallTime{Duration{7}}));
  EXPECT_EQ(events(one.id).back(), "ended@7:worker_lost");
  EXPECT_EQ(events(two.id).back(), "ended@7:worker_lost");
}

TEST_F(SessionTableTest, FindsEachPageByItsIndexAndSortsNothing) {
  const PageCursor after{WallTime{Duration{1}}, SessionId::random()};
  const std::vector<std::pair<SessionQuery, std::string>> queries{
      {{.owner = "a"}, "sessions_by_age"},
      {{.owner = "a", .created_before = WallTime{}}, "sessions_by_age"},
      {{.owner = "a", .status = SessionStatus::kRunning}, "sessions_by_status"},
      {{.owner = "a", .end_reason = EndReason::kDrained}, "sessions_by_end_reason"},
      {{.owner = "a", .worker = "w"}, "sessions_by_worker"},
      {{.owner = "a", .metadata = {{"team", "blue"}}}, "SEARCH session_tags USING PRIMARY KEY"},
  };
  for (const auto& [query, index] : queries) {
    for (const auto& cursor : {std::optional<PageCursor>{}, std::optional(after)}) {
      const auto text = plan(select_page(query, cursor));
      EXPECT_NE(text.find(index), std::string::npos) << text;
      EXPECT_EQ(text.find("TEMP B-TREE"), std::string::npos) << text;
    }
  }
}

}  // namespace
}  // namespace pbaas::store
