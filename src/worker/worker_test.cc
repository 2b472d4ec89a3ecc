#include "worker/worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>

#include "support/run_task.h"
#include "worker/staged_launcher.h"

namespace pbaas::worker {
namespace {

using session::EndReason;
using session::SessionStatus;

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
  net::Task<Result<std::vector<store::WorkerRun>>> open_runs() override { co_return Error{}; }
  net::Task<Result<std::vector<SessionId>>> end_run(const store::WorkerRun&, EndReason,
                                                    WallTime) override {
    co_return Error{};
  }
  net::Task<Result<std::vector<SessionId>>> end_forgotten(WallTime) override { co_return Error{}; }
  net::Task<Result<store::RunRows>> rows_of(const store::WorkerRun&,
                                            const std::vector<SessionId>&) override {
    co_return Error{};
  }
  net::Task<void> written() override {
    if (disk == nullptr) co_return;
    const SystemClock clock;
    const auto deadline = Deadline::after(clock, Duration{5'000});
    co_await disk->wait(deadline);
  }
  net::Task<Status> flush() override { co_return Status{}; }
  store::SessionLogStats stats() const override { return {}; }

  std::vector<session::Session> rows;
  net::Event* disk = nullptr;  // where there is one, nothing is written before it is set
};

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
  Worker worker{loop, clock, {.id = "w", .capacity = 2, .version = "test"}, launcher, log, metrics};
};

TEST_F(WorkerTest, StartsASessionAndTellsWhereItsBrowserListens) {
  const auto session = start(new_session());
  EXPECT_EQ(session.status, SessionStatus::kRunning);
  EXPECT_EQ(session.browser->debug_port, 9222);
  EXPECT_EQ(worker.attach(session.id)->browser.guid, "guid");
  EXPECT_EQ(worker.status().used, 1);
}

TEST_F(WorkerTest, SaysWhichRunOfItHasASession) {
  const auto session = start(new_session());
  EXPECT_EQ(session.worker, "w");
  EXPECT_EQ(session.worker_epoch, worker.run().epoch);
}

TEST_F(WorkerTest, TellsTheFleetWhereARunningSessionIs) {
  worker.set_address("10.0.0.1:9100");
  auto wanted = new_session();
  wanted.owner = "ann";
  const auto session = start(wanted);
  const auto place = worker.place(session.id).value();
  EXPECT_EQ(place.worker, (store::WorkerRef{"w", worker.run().epoch, "10.0.0.1:9100"}));
  EXPECT_EQ(place.browser, session.browser);
  EXPECT_EQ(place.owner, "ann");
  EXPECT_EQ(place.deadline, clock.now() + Duration{10'000});
  EXPECT_EQ(worker.held(), std::vector{session.id});
}

TEST_F(WorkerTest, StartsNothingWithoutItsLease) {
  worker.set_leased(false);
  const auto refused = support::run_task(loop, worker.start(new_session()));
  EXPECT_EQ(refused.error().fault, Fault::kNoCapacity);
  worker.set_leased(true);
  start(new_session());
}

TEST_F(WorkerTest, AnswersNoCreateBeforeItsRowIsWritten) {
  net::Event disk(loop);
  log.disk = &disk;
  bool answered = false;
  net::TaskGroup tasks(loop);
  tasks.spawn("start", [](Worker& into, session::Session wanted, bool& done) -> net::Task<void> {
    const auto started = co_await into.start(std::move(wanted));
    done = started.has_value();
  }(worker, new_session(), answered));
  settle();
  ASSERT_EQ(worker.list().size(), 1U);
  EXPECT_EQ(worker.list()[0].status, SessionStatus::kRunning);
  EXPECT_FALSE(answered);
  disk.set();
  settle();
  EXPECT_TRUE(answered);
  log.disk = nullptr;
}

TEST_F(WorkerTest, StartsASessionOnce) {
  const auto session = new_session();
  start(session);
  EXPECT_FALSE(support::run_task(loop, worker.start(session)));
  EXPECT_EQ(worker.status().used, 1);
}

TEST_F(WorkerTest, SaysWhyNobodyCanConnectToASessionThatHasEnded) {
  const auto session = start(new_session());
  worker.end(session.id, EndReason::kIdleTimeout).value();
  const auto refused = worker.attach(session.id);
  EXPECT_EQ(refused.error().fault, Fault::kSessionEnded);
  EXPECT_EQ(refused.error().end_reason, "idle_timeout");
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
  Worker starting(loop, clock, {.id = "w", .capacity = 1, .version = "test"}, slow, log, metrics);
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

TEST_F(WorkerTest, TellsWhatABrowserTookWhenItIsAsked) {
  const auto session = start(new_session());
  EXPECT_EQ(session.use, session::ResourceUse{});
  launcher.last->taken = {1, 2, Duration{3}, 4};
  EXPECT_EQ(worker.describe(session.id)->use, launcher.last->taken);
  EXPECT_EQ(worker.list().front().use, launcher.last->taken);
}

TEST_F(WorkerTest, LogsWhatABrowserTookAtItsEnd) {
  const auto session = start(new_session());
  launcher.last->taken = {1, 2, Duration{3}, 4};
  const session::ResourceUse taken = launcher.last->taken;
  EXPECT_EQ(worker.end(session.id, EndReason::kClientRequest)->use, taken);
  EXPECT_EQ(log.rows.back().use, taken);
}

TEST_F(WorkerTest, LogsWhatABrowserTookThatCrashed) {
  start(new_session());
  launcher.last->taken = {1, 2, Duration{3}, 4};
  const session::ResourceUse taken = launcher.last->taken;
  launcher.last->exit({browser::ExitCause::kOutOfMemory, "it took too much"});
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kOutOfMemory);
  EXPECT_EQ(log.rows.back().use, taken);
}

TEST_F(WorkerTest, LogsWhatABrowserTakesFromTimeToTime) {
  start(new_session());
  worker.tick();
  const auto rows = log.rows.size();
  launcher.last->taken.cpu = Duration{200};
  worker.tick();
  EXPECT_EQ(log.rows.size(), rows) << "not at every tick";
  clock.advance(Duration{5'000});
  worker.tick();
  EXPECT_EQ(log.rows.back().use.cpu, Duration{200});
  launcher.last->taken.cpu = Duration{201};
  clock.advance(Duration{4'999});
  worker.tick();
  EXPECT_EQ(log.rows.size(), rows + 1);
}

// A worker that has one spare, or would.
struct SpareTest : WorkerTest {
  ~SpareTest() override {
    const auto now = Deadline::at(clock.now());
    support::run_task(loop, warm.drain([now] { return now; }));
  }
  void tick() {
    clock.advance(Duration{250});
    warm.tick();
    settle();
  }
  session::Session create() {
    auto started = support::run_task(loop, warm.start(new_session()));
    EXPECT_TRUE(started) << started.error().detail;
    return *started;
  }

  Worker warm{loop,     clock, {.id = "w", .capacity = 2, .warm = {.count = 1}},
              launcher, log,   metrics};
};

TEST_F(SpareTest, GivesASessionTheBrowserThatWaits) {
  tick();
  EXPECT_EQ(warm.status().warm, 1);
  EXPECT_EQ(warm.status().used, 0);
  auto* spare = launcher.last;
  const auto session = create();
  EXPECT_TRUE(session.warm);
  EXPECT_EQ(spare->assigned, session.id);
  EXPECT_EQ(launcher.launches.size(), 1U);
  EXPECT_EQ(warm.status().warm, 0);
}

TEST_F(SpareTest, ASessionEndsWithTheBrowserThatWaitedForIt) {
  tick();
  create();
  launcher.last->exit({browser::ExitCause::kCrashed, "signal 9"});
  EXPECT_EQ(log.rows.back().end_reason, EndReason::kBrowserCrashed);
  EXPECT_TRUE(log.rows.back().warm);
  settle();
}

TEST_F(SpareTest, StartsABrowserWhereNoneWaits) {
  EXPECT_FALSE(create().warm);
}

TEST_F(SpareTest, StartsNoSpareWhileACreateWaitsForItsBrowser) {
  StagedLauncher slow(loop);
  Worker starting(loop, clock, {.id = "w", .capacity = 1, .warm = {.count = 1}}, slow, log,
                  metrics);
  net::TaskGroup tasks(loop);
  tasks.spawn("start", [](Worker& into) -> net::Task<void> {
    co_await into.start(new_session());
  }(starting));
  settle();
  EXPECT_EQ(slow.launches.size(), 1U);
  clock.advance(Duration{250});
  starting.tick();
  settle();
  EXPECT_EQ(slow.launches.size(), 1U);
  boost::asio::post(loop, [&] { slow.go.set(); });
  settle();
  EXPECT_EQ(tasks.running(), 0U);
  starting.tick();
  settle();
  EXPECT_EQ(slow.launches.size(), 2U);
  const auto now = Deadline::at(clock.now());
  support::run_task(loop, starting.drain([now] { return now; }));
}

TEST_F(SpareTest, StartsNoSpareWithoutItsLease) {
  warm.set_leased(false);
  tick();
  EXPECT_TRUE(launcher.launches.empty());
}

TEST_F(SpareTest, ADrainEndsTheSpareAndStartsNoOther) {
  tick();
  warm.stop_admitting();
  EXPECT_EQ(warm.status().warm, 0);
  tick();
  EXPECT_EQ(launcher.launches.size(), 1U);
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
