#include "store/redis_client.h"

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "store/fleet_redis_rig.h"
#include "support/run_task.h"

namespace pbaas::store {
namespace {

using std::chrono::steady_clock;
using support::RedisServer;

constexpr RedisScript kEcho{"echo", "098e0f0d1448c0a81dafe820f66d460eb09263da", "return ARGV[1]"};

class RedisClientTest : public testing::Test {
 protected:
  Result<RedisValue> ask(const RedisWords& words = {"PING"}) {
    return support::run_task(loop_, client_.command(words));
  }

  // How long one call takes, which must fail.
  Duration failing() {
    const auto begun = steady_clock::now();
    const auto answer = ask();
    EXPECT_FALSE(answer);
    if (!answer) {
      EXPECT_EQ(answer.error().fault, Fault::kStoreUnavailable);
      EXPECT_GT(answer.error().retry_after_s, 0);
    }
    return std::chrono::duration_cast<Duration>(steady_clock::now() - begun);
  }

  // Whether calls work again within that time.
  bool works_within(Duration limit) {
    const auto by = steady_clock::now() + limit;
    while (steady_clock::now() < by) {
      if (ask()) return true;
      std::this_thread::sleep_for(Duration{5});
    }
    return false;
  }

  net::Loop loop_;
  RedisServer server_;
  RedisClient client_{loop_, url_of(server_)};
};

TEST_F(RedisClientTest, GivesTheAnswer) {
  EXPECT_EQ(ask().value().text, "PONG");
  EXPECT_EQ(client_.stats().calls, 1U);
  EXPECT_EQ(client_.stats().failed, 0U);
}

TEST_F(RedisClientTest, MakesWhatRedisRefusesAnError) {
  const auto refused = ask({"NONSENSE"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kStoreUnavailable);
  EXPECT_TRUE(ask());
}

TEST_F(RedisClientTest, AnswersEachOfManyCallsAtOnce) {
  int right = 0;
  const auto call = [](RedisClient& client, int n, int& count) -> net::Task<void> {
    RedisWords words{"ECHO", std::to_string(n)};
    const auto answer = co_await client.command(std::move(words));
    if (answer && answer->text == std::to_string(n)) ++count;
  };
  for (int n = 0; n < 1000; ++n)
    boost::asio::co_spawn(loop_, call(client_, n, right), boost::asio::detached);
  loop_.run();
  EXPECT_EQ(right, 1000);
}

TEST_F(RedisClientTest, RunsAScriptRedisDoesNotKnow) {
  for (int n = 0; n < 2; ++n) {
    EXPECT_EQ(support::run_task(loop_, client_.run(kEcho, {"x"})).value().text, "x");
    ASSERT_EQ(server_.ask("SCRIPT FLUSH"), "+OK");
  }
}

TEST_F(RedisClientTest, GoesOnAfterARestartThatNobodySaw) {
  ASSERT_TRUE(ask());
  server_.stop();
  server_.start();
  EXPECT_TRUE(ask());
  EXPECT_EQ(client_.stats().lost, 0U);
}

TEST_F(RedisClientTest, FailsAtOnceWhileRedisIsAwayAndWorksWhenItIsBack) {
  ASSERT_TRUE(ask());
  server_.kill();
  EXPECT_LE(failing(), Duration{1000});
  for (int n = 0; n < 20; ++n) EXPECT_LE(failing(), Duration{100});
  EXPECT_TRUE(client_.stats().away);
  server_.start();
  EXPECT_TRUE(works_within(Duration{5000}));
  EXPECT_FALSE(client_.stats().away);
  EXPECT_EQ(client_.stats().lost, 1U);
}

TEST_F(RedisClientTest, FailsWithinASecondWhenRedisIsFrozenAndThenAtOnce) {
  ASSERT_TRUE(ask());
  server_.freeze();
  EXPECT_LE(failing(), Duration{1000});
  // Long enough that the thread is in the middle of a probe for some of them.
  const auto by = steady_clock::now() + Duration{1000};
  while (steady_clock::now() < by) {
    EXPECT_LE(failing(), Duration{100});
    std::this_thread::sleep_for(Duration{20});
  }
  server_.thaw();
  EXPECT_TRUE(works_within(Duration{5000}));
}

TEST_F(RedisClientTest, FailsAllThatWaitWhenRedisFreezes) {
  ASSERT_TRUE(ask());
  server_.freeze();
  const auto begun = steady_clock::now();
  int failed = 0;
  const auto call = [](RedisClient& client, int& count) -> net::Task<void> {
    RedisWords words{"PING"};
    if (!co_await client.command(std::move(words))) ++count;
  };
  for (int n = 0; n < 500; ++n)
    boost::asio::co_spawn(loop_, call(client_, failed), boost::asio::detached);
  loop_.restart();
  loop_.run();
  EXPECT_EQ(failed, 500);
  EXPECT_LE(steady_clock::now() - begun, Duration{1000});
}

TEST_F(RedisClientTest, CallsOfADeadClientEnd) {
  bool failed = false;
  {
    RedisClient client(loop_, url_of(server_));
    server_.freeze();
    const auto call = [](RedisClient& doomed, bool& done) -> net::Task<void> {
      RedisWords words{"PING"};
      done = !co_await doomed.command(std::move(words));
    };
    boost::asio::co_spawn(loop_, call(client, failed), boost::asio::detached);
    loop_.restart();
    loop_.poll();
  }
  loop_.run();
  EXPECT_TRUE(failed);
}

}  // namespace
}  // namespace pbaas::store
