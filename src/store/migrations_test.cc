#include "store/migrations.h"

#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include "store/sqlite_database.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

constexpr Migration kFirst{1, "001_first", "CREATE TABLE first (x)"};
constexpr Migration kSecond{2, "002_second", "ALTER TABLE first ADD COLUMN y"};
constexpr Migration kBroken{2, "002_broken", "CREATE TABLE second (x); CREATE TABLE nonsense"};

// The steps of the test come after those of the program, which the database has already.
class Migrations : public testing::Test {
 protected:
  Status apply(std::vector<Migration> steps) {
    const int newest = sqlite_migrations().back().number;
    for (auto& step : steps) step.number += newest;
    std::vector<Migration> all = sqlite_migrations();
    all.insert(all.end(), steps.begin(), steps.end());
    return apply_migrations(*database_, all);
  }
  int version() {
    const auto rows = database_->query({"SELECT max(number) FROM schema_version", {}}).value();
    return std::stoi(*rows[0][0]) - sqlite_migrations().back().number;
  }
  bool runs(const std::string& text) { return database_->run_script(text).has_value(); }

  support::TempFolder folder_;
  const std::string path_ = folder_.file("sessions.db");
  std::unique_ptr<SqliteDatabase> database_ = SqliteDatabase::open(path_).value();
};

TEST_F(Migrations, AreNumberedFromOneWithoutGaps) {
  for (const auto* list : {&sqlite_migrations(), &postgres_migrations()}) {
    int expected = 0;
    for (const auto& migration : *list) EXPECT_EQ(migration.number, ++expected);
    EXPECT_GT(expected, 0);
  }
}

TEST_F(Migrations, AreAppliedInOrder) {
  ASSERT_TRUE(apply({kFirst, kSecond}));
  EXPECT_EQ(version(), 2);
  EXPECT_TRUE(runs("INSERT INTO first (x, y) VALUES (1, 2)"));
}

TEST_F(Migrations, AreAppliedOnce) {
  ASSERT_TRUE(apply({kFirst}));
  EXPECT_TRUE(apply({kFirst}));
}

TEST_F(Migrations, KeepTheRowsThatAreThere) {
  ASSERT_TRUE(apply({kFirst}));
  ASSERT_TRUE(runs("INSERT INTO first (x) VALUES (7)"));
  ASSERT_TRUE(apply({kFirst, kSecond}));
  EXPECT_EQ(database_->query({"SELECT x FROM first WHERE y IS NULL", {}}).value()[0][0], "7");
}

TEST_F(Migrations, LeaveAllAsItWasWhenAStepFails) {
  ASSERT_TRUE(apply({kFirst}));
  EXPECT_FALSE(apply({kFirst, kBroken}));
  EXPECT_EQ(version(), 1);
  EXPECT_FALSE(runs("SELECT * FROM second"));
}

TEST_F(Migrations, RefuseTheDatabaseOfANewerProgram) {
  ASSERT_TRUE(apply({kFirst, kSecond}));
  const auto applied = apply({kFirst});
  ASSERT_FALSE(applied);
  EXPECT_NE(applied.error().detail.find("newer program"), std::string::npos);
}

TEST_F(Migrations, RefuseAnEndedSessionWithoutAReason) {
  EXPECT_FALSE(
      runs("INSERT INTO sessions (id, owner, status, options, created_at, ended_at) "
           "VALUES ('x', '', 'ended', '{}', 1, 2)"));
}

// A database as the release before the fleet left it.
TEST_F(Migrations, BringTheFirstReleasesSessionsAlong) {
  const std::string path = folder_.file("old.db");
  {
    SQLite::Database old(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec("CREATE TABLE schema_version (number INTEGER PRIMARY KEY, name TEXT)");
    old.exec(std::string(sqlite_migrations().front().sql));
    old.exec("INSERT INTO schema_version VALUES (1, '001_sessions')");
    old.exec(
        "INSERT INTO sessions (id, owner, status, options, created_at) "
        "VALUES ('s', 'ann', 'queued', '{\"metadata\": {\"team\": \"blue\"}}', 5)");
    old.exec("INSERT INTO session_events VALUES ('s', 0, 5, 'queued', NULL)");
  }
  const auto database = SqliteDatabase::open(path).value();
  const auto tags = database->query({"SELECT owner, name, value FROM session_tags", {}}).value();
  EXPECT_EQ(tags, (SqlRows{{"ann", "team", "blue"}}));
  const auto events =
      database->query({"SELECT session_id, at, status FROM session_events", {}}).value();
  EXPECT_EQ(events, (SqlRows{{"s", "5", "queued"}}));
}

}  // namespace
}  // namespace pbaas::store
