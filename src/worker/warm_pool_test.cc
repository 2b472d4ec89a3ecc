#include "worker/warm_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>

#include "support/run_task.h"
#include "worker/staged_launcher.h"

namespace pbaas::worker {
namespace {

session::SessionOptions in(const std::string& locale) {
  session::SessionOptions options;
  options.locale = locale;
  return options;
}

struct WarmPoolTest : ::testing::Test {
  // The loop's timers run on the real clock, so the test's clock begins at the same moment.
  WarmPoolTest() {
    clock.advance(SystemClock().now() - clock.now());
    launcher.go.set();
  }
  ~WarmPoolTest() override {
    pool.stop();
    settle();
    EXPECT_TRUE(pool.idle());
  }

  void settle() {
    loop.restart();
    loop.poll();
  }
  // As the worker does it, long enough after the last create.
  void refill() {
    clock.advance(Duration{100});
    pool.refill();
    settle();
  }
  std::unique_ptr<browser::Browser> take(session::SessionOptions options = {}) {
    browser::LaunchSpec spec{SessionId::random(), std::move(options)};
    return support::run_task(loop, pool.take(std::move(spec)));
  }
  std::string counted(const std::string& line) {
    const auto text = metrics.text();
    const auto at = text.find("\n" + line + " ");
    if (at == std::string::npos) return "0";
    const auto from = at + line.size() + 2;
    return text.substr(from, text.find('\n', from) - from);
  }
  std::string ended(const std::string& why) {
    return counted("pbaas_spares_ended_total{why=\"" + why + "\"}");
  }

  net::Loop loop{1};
  TestClock clock;
  StagedLauncher launcher{loop};
  Metrics metrics;
  WarmPool pool{loop, clock, launcher, metrics, {.count = 2}};
};

TEST_F(WarmPoolTest, StartsOneAtATimeUntilThereAreEnough) {
  refill();
  EXPECT_EQ(pool.ready(), 1);
  refill();
  refill();
  EXPECT_EQ(pool.ready(), 2);
  EXPECT_EQ(launcher.launches.size(), 2U);
}

TEST_F(WarmPoolTest, ASpareIsNobodys) {
  refill();
  EXPECT_FALSE(launcher.launches.at(0).session);
}

TEST_F(WarmPoolTest, GivesASpareToOneSession) {
  refill();
  const auto first = take();
  ASSERT_TRUE(first);
  EXPECT_TRUE(dynamic_cast<StagedBrowser&>(*first).assigned);
  EXPECT_FALSE(take());
  EXPECT_EQ(counted("pbaas_warm_creates_total{result=\"hit\"}"), "1");
  EXPECT_EQ(counted("pbaas_warm_creates_total{result=\"miss\"}"), "1");
}

TEST_F(WarmPoolTest, GivesNoSpareToWhoAsksForAnotherBrowser) {
  refill();
  EXPECT_FALSE(take(in("fr-FR")));
  EXPECT_EQ(pool.ready(), 1);
}

TEST_F(WarmPoolTest, IsWarmForTheThirdCreateThatAsksForTheSame) {
  refill();
  refill();
  EXPECT_FALSE(take(in("fr-FR")));
  refill();
  EXPECT_FALSE(take(in("fr-FR")));
  refill();
  EXPECT_EQ(ended("unwanted"), "1");
  EXPECT_EQ(pool.ready(), 2) << "the place of a plain one was taken";
  EXPECT_TRUE(take(in("fr-FR")));
}

TEST_F(WarmPoolTest, KeepsNothingOfASession) {
  auto options = in("fr-FR");
  options.metadata["customer"] = "ann";
  options.proxy.emplace();
  for (int n = 0; n < 2; ++n) take(options);
  refill();
  const auto& started = launcher.launches.at(0).options;
  EXPECT_EQ(started.locale, "fr-FR");
  EXPECT_FALSE(started.proxy);
  EXPECT_TRUE(started.metadata.empty());
}

TEST_F(WarmPoolTest, GivesNoneThatDied) {
  refill();
  launcher.last->exit({browser::ExitCause::kCrashed, "signal 9"});
  EXPECT_EQ(pool.ready(), 0);
  EXPECT_FALSE(take());
  EXPECT_EQ(ended("died"), "1");
}

TEST_F(WarmPoolTest, OneThatDoesNotAnswerIsThrownAwayAndTheNextIsTaken) {
  refill();
  launcher.last->is_well = false;
  refill();
  EXPECT_TRUE(take());
  EXPECT_EQ(ended("silent"), "1");
  EXPECT_EQ(pool.ready(), 0);
}

TEST_F(WarmPoolTest, WaitsLongerAfterEachThatDoesNotStart) {
  launcher.fails = true;
  refill();
  EXPECT_EQ(ended("failed"), "1");
  clock.advance(Duration{899});
  pool.refill();
  settle();
  EXPECT_EQ(ended("failed"), "1");
  clock.advance(Duration{1});
  refill();
  EXPECT_EQ(ended("failed"), "2");
  clock.advance(Duration{1'800});
  refill();
  EXPECT_EQ(ended("failed"), "2");
}

TEST_F(WarmPoolTest, AKindThatDoesNotStartStandsInNobodysWay) {
  for (int n = 0; n < 2; ++n) take(in("broken"));
  launcher.fails = true;
  refill();
  launcher.fails = false;
  clock.advance(Duration{1'000});
  refill();
  EXPECT_EQ(launcher.launches.at(0).options.locale, "broken");
  EXPECT_FALSE(launcher.launches.at(1).options.locale);
  EXPECT_EQ(pool.ready(), 1);
}

TEST_F(WarmPoolTest, AKindThatNeverStartsIsAskedForInVain) {
  launcher.broken = "broken";
  for (int n = 0; n < 100; ++n) {
    take(in("broken"));
    clock.advance(Duration{1'000});
    refill();
  }
  EXPECT_EQ(pool.ready(), 2) << "plain ones are started in between";
  const auto failed = std::stoi(ended("failed"));
  EXPECT_GT(failed, 2);
  EXPECT_LT(failed, 10);
}

TEST_F(WarmPoolTest, AKindIsForgivenOnceItHasNotFailedForLong) {
  launcher.fails = true;
  for (int n = 0; n < 20; ++n) {
    clock.advance(Duration{60'000});
    refill();
  }
  launcher.fails = false;
  clock.advance(Duration{60'000});
  refill();
  ASSERT_EQ(pool.ready(), 1);
  clock.advance(Duration{120'000});
  refill();
  launcher.last->exit({browser::ExitCause::kCrashed, "signal 9"});
  clock.advance(Duration{1'000});
  refill();
  EXPECT_EQ(pool.ready(), 2);
}

// A pool with a start under way.
struct StartingPool : WarmPoolTest {
  StartingPool() {
    starting.refill();
    settle();
    EXPECT_EQ(starting.starting(), 1);
  }
  ~StartingPool() override {
    starting.stop();
    settle();
    EXPECT_TRUE(starting.idle());
  }
  // By the time the test says, as run_task would not leave the loop to it.
  void ask(session::SessionOptions options) {
    browser::LaunchSpec spec{SessionId::random(), std::move(options)};
    boost::asio::co_spawn(
        loop, starting.take(std::move(spec)),
        [this](const std::exception_ptr&, auto got) { given.push_back(std::move(got)); });
    settle();
  }

  StagedLauncher slow{loop};
  WarmPool starting{loop, clock, slow, metrics, {.count = 1}};
  std::vector<std::unique_ptr<browser::Browser>> given;
};

TEST_F(StartingPool, IsWaitedForByACreateOfItsKind) {
  ask({});
  EXPECT_TRUE(given.empty());
  slow.go.set();
  settle();
  ASSERT_EQ(given.size(), 1U);
  EXPECT_TRUE(given.at(0));
  EXPECT_EQ(slow.launches.size(), 1U);
}

TEST_F(StartingPool, IsWaitedForByOneOnly) {
  ask({});
  ask({});
  ASSERT_EQ(given.size(), 1U);
  EXPECT_FALSE(given.at(0));
  EXPECT_EQ(starting.starting(), 1) << "the first still waits for it";
}

TEST_F(StartingPool, GivesWayToACreateOfAnotherKind) {
  ask(in("fr-FR"));
  ASSERT_EQ(given.size(), 1U);
  EXPECT_FALSE(given.at(0));
  EXPECT_EQ(starting.starting(), 0);
  EXPECT_EQ(ended("gave_way"), "1");
}

TEST_F(WarmPoolTest, SurvivesALaunchThatThrows) {
  launcher.throws = true;
  refill();
  EXPECT_EQ(ended("failed"), "1");
  EXPECT_EQ(pool.starting(), 0);
}

TEST_F(WarmPoolTest, StartsNoneRightAfterACreate) {
  take();
  pool.refill();
  EXPECT_EQ(pool.starting(), 0);
  refill();
  EXPECT_EQ(pool.ready(), 1);
}

TEST_F(WarmPoolTest, StartsNoneWhereTheLauncherProcessIsGone) {
  launcher.is_alive = false;
  refill();
  EXPECT_TRUE(launcher.launches.empty());
}

TEST_F(WarmPoolTest, ReplacesOneThatIsOld) {
  refill();
  clock.advance(Duration{3'600'000});
  refill();
  EXPECT_EQ(ended("old"), "1");
  EXPECT_EQ(pool.ready(), 1);
}

TEST_F(WarmPoolTest, EndsAllWhenItIsStoppedAndStartsNoneAfterwards) {
  refill();
  pool.stop();
  EXPECT_EQ(pool.ready(), 0);
  refill();
  EXPECT_EQ(launcher.launches.size(), 1U);
  EXPECT_FALSE(take());
}

TEST_F(WarmPoolTest, AStopCutsAStartShort) {
  StagedLauncher slow(loop);
  WarmPool starting(loop, clock, slow, metrics, {.count = 1});
  starting.refill();
  settle();
  EXPECT_EQ(starting.starting(), 1);
  starting.stop();
  settle();
  EXPECT_TRUE(starting.idle());
  EXPECT_EQ(starting.ready(), 0);
}

TEST_F(WarmPoolTest, HasNoneWhereThereAreToBeNone) {
  WarmPool off(loop, clock, launcher, metrics, {.count = 0});
  off.refill();
  settle();
  EXPECT_TRUE(launcher.launches.empty());
  browser::LaunchSpec spec{SessionId::random(), {}};
  EXPECT_FALSE(support::run_task(loop, off.take(std::move(spec))));
  EXPECT_EQ(counted("pbaas_warm_creates_total{result=\"miss\"}"), "0");
}

}  // namespace
}  // namespace pbaas::worker
