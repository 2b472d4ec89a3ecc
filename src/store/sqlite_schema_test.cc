#include "store/sqlite_schema.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace pbaas::store {
namespace {

constexpr Migration kFirst{1, "001_first", "CREATE TABLE first (x)"};
constexpr Migration kSecond{2, "002_second", "ALTER TABLE first ADD COLUMN y"};
constexpr Migration kBroken{2, "002_broken", "CREATE TABLE second (x); CREATE TABLE nonsense"};

class SqliteSchema : public testing::Test {
 protected:
  int version() {
    return database_.execAndGet("SELECT coalesce(max(number), 0) FROM schema_version").getInt();
  }
  SQLite::Database database_{":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE};
};

TEST_F(SqliteSchema, IsNumberedFromOneWithoutGaps) {
  int expected = 0;
  for (const auto& migration : sqlite_migrations()) EXPECT_EQ(migration.number, ++expected);
  EXPECT_GT(expected, 0);
}

TEST_F(SqliteSchema, IsAppliedInOrderToANewDatabase) {
  apply_migrations(database_, {kFirst, kSecond});
  EXPECT_EQ(version(), 2);
  EXPECT_NO_THROW(database_.exec("INSERT INTO first (x, y) VALUES (1, 2)"));
}

TEST_F(SqliteSchema, IsAppliedOnce) {
  apply_migrations(database_, {kFirst});
  EXPECT_NO_THROW(apply_migrations(database_, {kFirst}));
}

TEST_F(SqliteSchema, IsBroughtUpToDateWithItsRows) {
  apply_migrations(database_, {kFirst});
  database_.exec("INSERT INTO first (x) VALUES (7)");
  apply_migrations(database_, {kFirst, kSecond});
  EXPECT_EQ(version(), 2);
  EXPECT_EQ(database_.execAndGet("SELECT x FROM first WHERE y IS NULL").getInt(), 7);
}

TEST_F(SqliteSchema, StaysAsItWasWhenAStepFails) {
  apply_migrations(database_, {kFirst});
  EXPECT_ANY_THROW(apply_migrations(database_, {kFirst, kBroken}));
  EXPECT_EQ(version(), 1);
  EXPECT_FALSE(database_.tableExists("second"));
}

TEST_F(SqliteSchema, OfANewerProgramIsLeftAlone) {
  apply_migrations(database_, {kFirst, kSecond});
  EXPECT_THROW(apply_migrations(database_, {kFirst}), std::runtime_error);
}

TEST_F(SqliteSchema, RefusesAnEndedSessionWithoutAReason) {
  apply_migrations(database_, sqlite_migrations());
  const char* row =
      "INSERT INTO sessions (id, owner, status, options, created_at, ended_at) "
      "VALUES ('x', '', 'ended', '{}', 1, 2)";
  EXPECT_ANY_THROW(database_.exec(row));
}

}  // namespace
}  // namespace pbaas::store
