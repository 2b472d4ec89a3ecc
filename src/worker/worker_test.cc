#include "worker/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <stdexcept>

#include "support/run_task.h"

namespace pbaas::worker {
namespace {

using session::EndReason;
using session::SessionStatus;

// A browser that starts and ends when the test says.
class StagedBrowser final : public browser::Browser {
 public:
  explicit StagedBrowser(int& kills) : kills_(kills) {}
  const session::BrowserAddress& address() const override { return address_; }
  int pid() const override { return 1; }
  void on_exit(std::function<void(browser::BrowserExit)> callback) override {
    on_exit_ = std::move(callback);
  }
  void kill() override {
    ++kills_;
    exit({});
  }
  void exit(browser::BrowserExit how) {
    if (on_exit_) std::exchange(on_exit_, nullptr)(how);
  }

 private:
  int& kills_;
  session::BrowserAddress address_{9222, "guid"};
  std::function<void(browser::BrowserExit)> on_exit_;
};

class StagedLauncher final : public browser::Launcher {
 public:
  explicit StagedLauncher(net::Loop& loop) : go(loop) {}
  net::Task<Result<std::unique_ptr<browser::Browser>>> launch(browser::LaunchSpec,
                                                              Deadline deadline) override {
    co_await go.wait(deadline);
    if (throws) throw std::runtime_error("no descriptors");
    if (fails) co_return Error{Fault::kLaunchFailed, "no such binary"};
    auto browser = std::make_unique<StagedBrowser>(kills);
    last = browser.get();
    co_return std::unique_ptr<browser::Browser>(std::move(browser));
  }
  std::size_t live() const override { return 0; }
  bool alive() const override { return true; }

  net::Event go;
  bool fails = false;
  bool throws = false;
  int kills = 0;
  StagedBrowser* last = nullptr;
};

class MemoryLog final : public store::SessionLog {
 public:
  void record(const session::Session& session) override { rows.push_back(session); }
  net::Task<Result<std::optional<store::IdempotentSession>>> insert_once(
      const session::Session&, const store::IdempotencyKey&) override {
    co_return Error{};
  }
  net::Task<Result<session::Session>> find(const SessionId&) override { co_return Error{}; }
  net::Task<Result<store::SessionPage>> list(const store::SessionQuery&) override {
    co_return Error{};
  }
  net::Task<Result<std::size_t>> end_open(EndReason, WallTime) override { co_return Error{}; }
  net::Task<Status> flush() override { co_return Status{}; }

  std::vector<session::Session> rows;
};

session::Session new_session() {
  session::Session session{SessionId::random()};
  session.options.timeout = std::chrono::seconds(60);
  session.options.idle_timeout = std::chrono::seconds(10);
  return session;
}

struct WorkerTest : ::testing::Test {
  // The loop's timers run on the real clock, so the test's clock begins at the same moment.
  WorkerTest() {
    clock.advance(SystemClock().now() - clock.now());
    launcher.go.set();
  }

  session::Session start(session::Session session) {
    auto started = support::run_task(loop, worker.start(std::move(session)));
    EXPECT_TRUE(started) << started.error().detail;
    return *started;
  }
  void settle() {
    loop.restart();
    loop.poll();
  }

  net::Loop loop{1};
  TestClock clock;
  StagedLauncher launcher{loop};
  MemoryLog log;
  Metrics metrics;
  Worker worker{loop, clock, {"w", 2, "test"}, launcher, log, metrics};
};

TEST_F(WorkerTest, StartsASessionAndTellsWhereItsBrowserListens) {
  const auto session = start(new_session());
  EXPECT_EQ(session.status, SessionStatus::kRunning);
  EXPECT_EQ(session.browser->debug_port, 9222);
  EXPECT_EQ(worker.attach(session.id)->browser.guid, "guid");
  EXPECT_EQ(worker.status().used, 1);
}

TEST_F(WorkerTest, RefusesMoreThanItsCapacity) {
  start(new_session());
  start(new_session());
  const auto third = support::run_task(loop, worker.start(new_session()));
  EXPECT_EQ(third.error().fault, Fault::kNoCapacity);
}

TEST_F(WorkerTest, EndsOnceAndGivesTheSlotBackWhenTheBrowserIsGone) {
  const auto session = start(new_session());
  int gone = 0;
  worker.on_gone([&](const session::Session&) { ++gone; });
  const auto ended = worker.end(session.id, EndReason::kClientRequest);
  EXPECT_EQ(ended->end_reason, EndReason::kClientRequest);
  EXPECT_EQ(worker.end(session.id, EndReason::kDrained)->end_reason, EndReason::kClientRequest);
  EXPECT_EQ(worker.status().used, 1) << "the browser still runs";
  settle();
  EXPECT_EQ(launcher.kills, 1);
  EXPECT_EQ(gone, 1);
  EXPECT_EQ(worker.status().used, 0);
  EXPECT_EQ(worker.describe(session.id).error().fault, Fault::kNoSuchSession);
}

TEST_F(WorkerTest, SaysThatTheBrowserCrashed) {
  const auto session = start(new_session());
  const auto relays = worker.attach(session.id)->relays;
  launcher.last->exit({browser::ExitCause::kCrashed, "signal 9"});
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kBrowserCrashed);
  EXPECT_EQ(log.rows.back().end_detail, "signal 9");
  EXPECT_EQ(relays->closing()->code, 1011);
  EXPECT_EQ(relays->closing()->reason, "browser_crashed");
  settle();
  EXPECT_EQ(worker.status().used, 0);
}

TEST_F(WorkerTest, ABrowserThatCrashesOnItsWayOutWasClosed) {
  const auto session = start(new_session());
  worker.attach(session.id)->relays->note_close_asked();
  launcher.last->exit({browser::ExitCause::kCrashed, "signal 5"});
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kBrowserClosed);
  EXPECT_EQ(log.rows.back().end_detail, "signal 5");
}

TEST_F(WorkerTest, AFailedLaunchEndsTheSessionAndFreesItsSlot) {
  launcher.fails = true;
  const auto started = support::run_task(loop, worker.start(new_session()));
  EXPECT_EQ(started.error().fault, Fault::kLaunchFailed);
  EXPECT_EQ(started.error().detail, "no such binary");
  settle();
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kLaunchFailed);
  EXPECT_EQ(worker.status().used, 0);
}

TEST_F(WorkerTest, ASessionEndedWhileItStartsStopsItsLaunch) {
  StagedLauncher slow(loop);
  Worker starting(loop, clock, {"w", 1, "test"}, slow, log, metrics);
  const auto session = new_session();
  net::TaskGroup tasks(loop);
  tasks.spawn("start", [](Worker& into, session::Session wanted) -> net::Task<void> {
    const auto started = co_await into.start(std::move(wanted));
    EXPECT_EQ(started.error().fault, Fault::kSessionEnded);
  }(starting, session));
  settle();
  boost::asio::post(loop, [&] { EXPECT_TRUE(starting.end(session.id, EndReason::kAbandoned)); });
  settle();
  EXPECT_EQ(starting.status().used, 0);
  EXPECT_EQ(tasks.running(), 0);
}

TEST_F(WorkerTest, ALaunchThatThrowsEndsTheSessionAndFreesItsSlot) {
  launcher.throws = true;
  const auto started = support::run_task(loop, worker.start(new_session()));
  EXPECT_EQ(started.error().fault, Fault::kLaunchFailed);
  settle();
  EXPECT_EQ(worker.status().used, 0);
}

TEST_F(WorkerTest, AnEndedSessionIsTheSameHoweverOftenItIsAskedFor) {
  const auto session = start(new_session());
  const auto relays = worker.attach(session.id)->relays;
  const auto seat = net::RelaySeat::take(relays);
  const auto ended = worker.end(session.id, EndReason::kClientRequest);
  EXPECT_EQ(worker.end(session.id, EndReason::kClientRequest).value(), ended.value());
}

TEST_F(WorkerTest, EndsWhatIsDueAndTellsTheNextDeadlineOfWhatIsNot) {
  const auto session = start(new_session());
  clock.advance(Duration{4'000});
  EXPECT_EQ(**worker.end_if_due(session.id), clock.now() + Duration{6'000});
  clock.advance(Duration{6'000});
  EXPECT_FALSE(worker.end_if_due(session.id)->has_value());
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kIdleTimeout);
}

TEST_F(WorkerTest, EnforcesTheHardLimitItselfWhenNoSweeperDoes) {
  auto session = new_session();
  session.options.idle_timeout = session.options.timeout;
  start(session);
  clock.advance(Duration{64'999});
  worker.tick();
  EXPECT_EQ(log.rows.back().status, SessionStatus::kRunning);
  clock.advance(Duration{1});
  worker.tick();
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kSessionTimeout);
}

TEST_F(WorkerTest, ADrainEndsWhatIsLeftAtItsDeadline) {
  start(new_session());
  const auto deadline = Deadline::at(clock.now());
  support::run_task(loop, worker.drain([&] { return deadline; }));
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kDrained);
  EXPECT_EQ(worker.status().used, 0);
  EXPECT_EQ(support::run_task(loop, worker.start(new_session())).error().fault, Fault::kDraining);
}

}  // namespace
}  // namespace pbaas::worker
