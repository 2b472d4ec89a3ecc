#include "store/postgres_database.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

#include "store/migrations.h"
#include "support/postgres_server.h"

namespace pbaas::store {
namespace {

using std::chrono::steady_clock;
using support::postgres_server;
using support::PostgresServer;

class PostgresDatabaseTest : public testing::Test {
 protected:
  static Error refusal(const std::string& url) {
    PostgresDatabase database(url);
    const auto connected = database.connect();
    return connected ? Error{} : connected.error();
  }

  const std::string url_ = postgres_server().new_database();
  PostgresDatabase database_{url_};
};

TEST_F(PostgresDatabaseTest, GivesRowsAsText) {
  ASSERT_TRUE(database_.connect());
  const auto rows = database_.query(
      {"SELECT $1 + 1, $2 || '!', $3::text", {std::int64_t{41}, std::string("it's"), {}}});
  EXPECT_EQ(rows.value(), (SqlRows{{"42", "it's!", std::nullopt}}));
}

TEST_F(PostgresDatabaseTest, RunsManyStatementsInOneGo) {
  ASSERT_TRUE(database_.connect());
  ASSERT_TRUE(database_.run_script("CREATE TABLE t (x BIGINT, y TEXT)"));
  std::vector<SqlStatement> many;
  for (std::int64_t n = 0; n < 2000; ++n)
    many.push_back({"INSERT INTO t VALUES ($1, $2)", {n, std::string(1000, 'y')}});
  ASSERT_TRUE(database_.run_all(many));
  EXPECT_EQ(database_.query({"SELECT count(*), max(x) FROM t", {}}).value(),
            (SqlRows{{"2000", "1999"}}));
}

TEST_F(PostgresDatabaseTest, StopsAtTheFirstStatementThatFailsAndServesOn) {
  ASSERT_TRUE(database_.connect());
  ASSERT_TRUE(database_.run_script("CREATE TABLE t (x BIGINT PRIMARY KEY)"));
  const SqlStatement insert{"INSERT INTO t VALUES ($1)", {std::int64_t{1}}};
  ASSERT_TRUE(database_.begin());
  const auto ran = database_.run_all({insert, insert, insert});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().fault, Fault::kInternal) << ran.error().detail;
  database_.roll_back();
  EXPECT_TRUE(database_.run_all({insert}));
  EXPECT_EQ(database_.query({"SELECT count(*) FROM t", {}}).value(), (SqlRows{{"1"}}));
}

TEST_F(PostgresDatabaseTest, RefusesWhatIsNoUrlAndShowsNoneOfIt) {
  for (const char* url : {"", "host=/tmp password=secret", "mysql://u:secret@h/d",
                          "postgresql://u:secret@h:port/d", "postgresql://u:secret@[::1/d",
                          "postgresql://u:secret%zz@h/d", "postgresql://u:secret@h/d?secret=1"}) {
    const auto error = refusal(url);
    EXPECT_EQ(error.fault, Fault::kInvalidField) << url;
    EXPECT_EQ(error.field, "DATABASE_URL") << url;
    EXPECT_EQ(error.detail.find("secret"), std::string::npos) << error.detail;
  }
}

TEST_F(PostgresDatabaseTest, SaysThatThePasswordIsWrongAndNotWhichItWas) {
  auto url = postgres_server().url("postgres", "keyholder:wrong-secret");
  const auto error = refusal(url);
  EXPECT_EQ(error.fault, Fault::kInvalidField);
  EXPECT_NE(error.detail.find("password authentication failed"), std::string::npos) << error.detail;
  EXPECT_EQ(error.detail.find("wrong-secret"), std::string::npos) << error.detail;
}

TEST_F(PostgresDatabaseTest, TakesTheRightPassword) {
  PostgresDatabase database(
      postgres_server().url("postgres", std::string("keyholder:") + PostgresServer::kPassword));
  EXPECT_TRUE(database.connect());
}

TEST_F(PostgresDatabaseTest, SaysThatThereIsNoSuchDatabase) {
  const auto error = refusal(postgres_server().url("nowhere"));
  EXPECT_EQ(error.fault, Fault::kInvalidField);
  EXPECT_NE(error.detail.find("\"nowhere\" does not exist"), std::string::npos) << error.detail;
}

TEST_F(PostgresDatabaseTest, WaitingMayHelpWhereNoServerAnswers) {
  EXPECT_EQ(refusal("postgresql://u@/d?host=/nonexistent").fault, Fault::kStoreUnavailable);
  EXPECT_EQ(refusal("postgresql://u@127.0.0.1:1/d").fault, Fault::kStoreUnavailable);
}

TEST_F(PostgresDatabaseTest, WaitingMayHelpWhereThereAreTooManyConnections) {
  PostgresServer::execute(url_, "ALTER ROLE keyholder CONNECTION LIMIT 0");
  const auto error = refusal(
      postgres_server().url("postgres", std::string("keyholder:") + PostgresServer::kPassword));
  PostgresServer::execute(url_, "ALTER ROLE keyholder CONNECTION LIMIT -1");
  EXPECT_EQ(error.fault, Fault::kStoreUnavailable) << error.detail;
  EXPECT_NE(error.detail.find("too many connections"), std::string::npos) << error.detail;
}

TEST_F(PostgresDatabaseTest, FailsWhatTakesTooLongAndServesOn) {
  ASSERT_TRUE(database_.connect());
  ASSERT_TRUE(database_.limit_calls(Duration{400}));
  const auto slow = database_.query({"SELECT pg_sleep(60)", {}});
  ASSERT_FALSE(slow);
  EXPECT_EQ(slow.error().fault, Fault::kStoreUnavailable);
  EXPECT_TRUE(database_.query({"SELECT 1", {}})) << "the connection is as it was";
}

TEST_F(PostgresDatabaseTest, GivesUpOnAServerThatIsFrozen) {
  ASSERT_TRUE(database_.connect());
  postgres_server().freeze();
  const auto before = steady_clock::now();
  const auto rows = database_.query({"SELECT 1", {}});
  const auto took = steady_clock::now() - before;
  PostgresDatabase another(url_);
  const auto connected = another.connect();
  postgres_server().thaw();
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().fault, Fault::kStoreUnavailable);
  EXPECT_LT(took, std::chrono::milliseconds(3500));
  EXPECT_FALSE(database_.is_connected());
  EXPECT_TRUE(database_.went_silent());
  EXPECT_FALSE(connected);
}

TEST_F(PostgresDatabaseTest, KnowsThatTheServerHasGoneWithoutAsking) {
  ASSERT_TRUE(database_.connect());
  EXPECT_TRUE(database_.is_connected());
  postgres_server().stop();
  EXPECT_FALSE(database_.is_connected());
  postgres_server().start();
  EXPECT_TRUE(database_.connect());
}

TEST_F(PostgresDatabaseTest, TakesItsSchemaFromEightAtOnce) {
  std::vector<std::thread> programs;
  std::vector<Status> outcomes(8);
  for (auto& outcome : outcomes) {
    programs.emplace_back([this, &outcome] {
      PostgresDatabase database(url_);
      outcome = database.connect();
      if (outcome) outcome = apply_migrations(database, postgres_migrations());
    });
  }
  for (auto& program : programs) program.join();
  for (const auto& outcome : outcomes) EXPECT_TRUE(outcome) << outcome.error().detail;
  EXPECT_EQ(PostgresServer::execute(url_, "SELECT count(*) FROM schema_version")[0][0],
            std::to_string(postgres_migrations().size()));
}

TEST_F(PostgresDatabaseTest, IsLeftAloneWhenItsSchemaIsOfANewerProgram) {
  ASSERT_TRUE(database_.connect());
  ASSERT_TRUE(apply_migrations(database_, postgres_migrations()));
  PostgresServer::execute(url_, "INSERT INTO schema_version VALUES (1000, 'of tomorrow')");
  const auto applied = apply_migrations(database_, postgres_migrations());
  ASSERT_FALSE(applied);
  EXPECT_NE(applied.error().detail.find("newer program"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::store
