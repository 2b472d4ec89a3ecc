#include "store/redis_connection.h"

#include <gtest/gtest.h>

#include "store/fleet_redis_rig.h"

namespace pbaas::store {
namespace {

using support::RedisServer;
using Kind = RedisValue::Kind;

RedisConnection::Moment soon() {
  return std::chrono::steady_clock::now() + std::chrono::seconds(5);
}

std::vector<RedisValue> answers_to(RedisConnection& connection,
                                   const std::vector<RedisWords>& commands) {
  std::vector<RedisValue> answers;
  EXPECT_TRUE(connection.exchange(commands, soon(), answers));
  return answers;
}

TEST(RedisConnection, ReadsEveryKindOfAnswer) {
  const auto connection = RedisConnection::open(url_of(shared_redis()), soon()).value();
  const auto answers = answers_to(*connection, {{"PING"},
                                                {"STRLEN", "missing"},
                                                {"GET", "missing"},
                                                {"NONSENSE"},
                                                {"EVAL", "return {1, 'two', {}}", "0"}});
  ASSERT_EQ(answers.size(), 5U);
  EXPECT_EQ(answers[0].text, "PONG");
  EXPECT_EQ(answers[1].kind, Kind::kInteger);
  EXPECT_EQ(answers[2].kind, Kind::kNothing);
  EXPECT_TRUE(answers[3].is_error("ERR"));
  ASSERT_EQ(answers[4].items.size(), 3U);
  EXPECT_EQ(answers[4].items[0].integer, 1);
  EXPECT_EQ(answers[4].items[1].text, "two");
  EXPECT_EQ(answers[4].items[2].kind, Kind::kList);
}

TEST(RedisConnection, SendsWordsWithAnyBytes) {
  const auto connection = RedisConnection::open(url_of(shared_redis()), soon()).value();
  const std::string word("a b\r\n\0\xff", 7);
  EXPECT_EQ(answers_to(*connection, {{"ECHO", word}})[0].text, word);
}

TEST(RedisConnection, SelectsTheDatabase) {
  auto url = url_of(shared_redis());
  url.database = 3;
  const auto connection = RedisConnection::open(url, soon()).value();
  const auto info = answers_to(*connection, {{"CLIENT", "INFO"}});
  EXPECT_NE(info[0].text.find(" db=3 "), std::string::npos);
}

TEST(RedisConnection, LogsInWithThePassword) {
  const RedisServer server("secret");
  EXPECT_TRUE(RedisConnection::open(url_of(server), soon()));
}

TEST(RedisConnection, SaysThatThePasswordIsWrongAndNotWhatItIs) {
  const RedisServer server("secret");
  auto url = url_of(server);
  url.password = "another";
  const auto opened = RedisConnection::open(url, soon());
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().fault, Fault::kStoreUnavailable);
  EXPECT_NE(opened.error().detail.find("WRONGPASS"), std::string::npos) << opened.error().detail;
  EXPECT_EQ(opened.error().detail.find("another"), std::string::npos);
  url.password.clear();
  EXPECT_NE(RedisConnection::open(url, soon()).error().detail.find("NOAUTH"), std::string::npos);
}

TEST(RedisConnection, SaysThatNobodyListens) {
  RedisServer server;
  server.stop();
  const auto opened = RedisConnection::open(url_of(server), soon());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("refused"), std::string::npos) << opened.error().detail;
}

TEST(RedisConnection, GivesUpInTimeOnAServerThatIsFrozen) {
  RedisServer server;
  const auto connection = RedisConnection::open(url_of(server), soon()).value();
  server.freeze();
  const auto begun = std::chrono::steady_clock::now();
  std::vector<RedisValue> answers;
  const auto by = begun + std::chrono::milliseconds(100);
  EXPECT_FALSE(connection->exchange({{"PING"}}, by, answers));
  EXPECT_FALSE(RedisConnection::open(url_of(server), by + std::chrono::milliseconds(100)));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
  EXPECT_FALSE(connection->was_closed());
}

TEST(RedisConnection, KnowsThatTheServerClosedIt) {
  RedisServer server;
  const auto connection = RedisConnection::open(url_of(server), soon()).value();
  server.kill();
  std::vector<RedisValue> answers;
  EXPECT_FALSE(connection->exchange({{"PING"}}, soon(), answers));
  EXPECT_TRUE(connection->was_closed());
}

}  // namespace
}  // namespace pbaas::store
