#include "store/session_log_postgres.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <chrono>
#include <random>
#include <thread>

#include "base/unique_fd.h"
#include "store/postgres_database.h"
#include "store/recording_log_contract.h"
#include "store/session_log_contract.h"
#include "store/session_log_fleet_contract.h"
#include "support/full_disk.h"
#include "support/postgres_server.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

using session::EndReason;
using session::Session;
using session::SessionStatus;
using std::chrono::steady_clock;
using support::postgres_server;
using support::PostgresServer;
using support::run_task;

std::unique_ptr<PostgresSessionLog> open_log(net::Loop& loop, const std::string& url,
                                             const std::string& folder,
                                             std::size_t bytes_max = 1 << 30) {
  return PostgresSessionLog::open(
             loop, {.url = url, .spool_folder = folder, .spool_bytes_max = bytes_max})
      .value();
}

class PostgresRig {
 public:
  explicit PostgresRig(net::Loop& loop) : loop_(loop) {}
  PostgresSessionLog& log() { return *log_; }
  void reopen() {
    log_.reset();
    log_ = open_log(loop_, url_, folder_.file("spool"));
  }

 private:
  net::Loop& loop_;
  support::TempFolder folder_;
  std::string url_ = postgres_server().new_database();
  std::unique_ptr<PostgresSessionLog> log_ = open_log(loop_, url_, folder_.file("spool"));
};

INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, SessionLogContract, PostgresRig);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, SessionLogFleetContract, PostgresRig);
INSTANTIATE_TYPED_TEST_SUITE_P(Postgres, RecordingLogContract, PostgresRig);

Session new_session() {
  return Session{.id = SessionId::random(), .created_at = WallTime{Duration{1'700'000'000'000}}};
}

// Records each step of a session, from its create to its end.
void record_life(SessionLog& log, Session session) {
  log.record(session);
  session.start("worker-1", "epoch-1");
  log.record(session);
  session.run({41'000, "guid"}, session.created_at);
  log.record(session);
  session.end(EndReason::kClientRequest, session.created_at);
  log.record(session);
}

// While it is there the sessions can be read, and not be written.
class WriteLock {
 public:
  explicit WriteLock(const std::string& url) : database_(url) {
    EXPECT_TRUE(database_.connect());
    EXPECT_TRUE(database_.run_all({{"BEGIN", {}}, {"LOCK TABLE sessions IN SHARE MODE", {}}}));
  }

 private:
  PostgresDatabase database_;
};

class PostgresSessionLogTest : public testing::Test {
 protected:
  std::unique_ptr<PostgresSessionLog> open(std::size_t bytes_max = 1 << 30) {
    return open_log(loop_, url_, folder_.file("spool"), bytes_max);
  }

  static bool is_all_delivered(const SessionLog& log) {
    const auto stats = log.stats();
    return stats.pending == 0 && stats.spool_bytes == 0;
  }

  // What is recorded arrives without a call of the log: its own threads deliver.
  static bool arrives(const SessionLog& log) {
    const auto until = steady_clock::now() + std::chrono::seconds(30);
    while (!is_all_delivered(log) && steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    return is_all_delivered(log);
  }

  std::string value(const std::string& sql) { return PostgresServer::execute(url_, sql)[0][0]; }

  // That there are so many sessions, all ended, each with its steps once and in order.
  void expect_whole_lives(int count) {
    EXPECT_EQ(value("SELECT count(*) FROM sessions"), std::to_string(count));
    EXPECT_EQ(value("SELECT count(*) FROM sessions WHERE status <> 'ended'"), "0");
    EXPECT_EQ(value("SELECT count(*) FROM session_events"), std::to_string(3 * count));
    EXPECT_EQ(value("SELECT count(*) FROM (SELECT string_agg(status, ' ' ORDER BY seq) AS steps "
                    "FROM session_events GROUP BY session_id) AS lives "
                    "WHERE steps <> 'queued running ended'"),
              "0");
  }

  Fault list_fault(SessionLog& log) {
    const auto page = run_task(loop_, log.list({}));
    return page ? Fault::kInternal : page.error().fault;
  }

  net::Loop loop_;
  support::TempFolder folder_;
  std::string url_ = postgres_server().new_database();
};

TEST_F(PostgresSessionLogTest, BringsARecordToItsRowWithinMilliseconds) {
  const auto log = open();
  std::vector<double> took_ms;
  for (int n = 0; n < 50; ++n) {
    const auto before = steady_clock::now();
    log->record(new_session());
    while (!is_all_delivered(*log)) std::this_thread::yield();
    took_ms.push_back(
        std::chrono::duration<double, std::milli>(steady_clock::now() - before).count());
  }
  std::sort(took_ms.begin(), took_ms.end());
  // The quickest, since the others wait for the machine: far below the spool's 100 ms.
  EXPECT_LT(took_ms.front(), 50);
}

TEST_F(PostgresSessionLogTest, LosesAndDoublesNothingWhileTheServerIsStoppedAndStarted) {
  const auto log = open();
  for (int n = 0; n < 300; ++n) {
    record_life(*log, new_session());
    if (n == 100) postgres_server().stop();
  }
  EXPECT_EQ(list_fault(*log), Fault::kStoreUnavailable);
  EXPECT_TRUE(run_task(loop_, log->flush())) << "it is safe on disk";
  EXPECT_GT(log->stats().spool_bytes, 0U);
  postgres_server().start();
  ASSERT_TRUE(arrives(*log));
  expect_whole_lives(300);
}

TEST_F(PostgresSessionLogTest, LosesNothingWhenTheServerCrashesUnderLoad) {
  const auto log = open();
  int recorded = 0;
  const auto record_for = [&](Duration time) {
    const auto until = steady_clock::now() + time;
    while (steady_clock::now() < until) {
      record_life(*log, new_session());
      ++recorded;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  };
  record_for(Duration{200});
  postgres_server().crash();
  record_for(Duration{200});
  postgres_server().start();
  record_for(Duration{200});
  ASSERT_TRUE(arrives(*log));
  expect_whole_lives(recorded);
}

TEST_F(PostgresSessionLogTest, FindsWhatItRecordedWhileTheServerIsStopped) {
  const auto log = open();
  auto session = new_session();
  const auto before = new_session();
  log->record(before);
  ASSERT_TRUE(arrives(*log));
  postgres_server().stop();
  log->record(session);
  EXPECT_EQ(run_task(loop_, log->find(session.id)).value(), session);
  session.start("worker-1", "epoch-1");
  log->record(session);
  EXPECT_EQ(run_task(loop_, log->find(session.id)).value(), session);
  EXPECT_EQ(run_task(loop_, log->find(before.id)).error().fault, Fault::kStoreUnavailable);
}

TEST_F(PostgresSessionLogTest, FailsEveryCallInTimeWhileTheServerIsFrozenAndServesAfterwards) {
  const auto log = open();
  ASSERT_TRUE(run_task(loop_, log->list({})));
  postgres_server().freeze();
  const auto frozen = steady_clock::now();
  EXPECT_EQ(list_fault(*log), Fault::kStoreUnavailable);
  EXPECT_LT(steady_clock::now() - frozen, std::chrono::milliseconds(3500));
  const auto session = new_session();
  const auto before_record = steady_clock::now();
  log->record(session);
  EXPECT_LT(steady_clock::now() - before_record, std::chrono::milliseconds(50));
  // Known to be away, it fails at once.
  while (steady_clock::now() - frozen < std::chrono::seconds(5)) {
    const auto before = steady_clock::now();
    EXPECT_EQ(list_fault(*log), Fault::kStoreUnavailable);
    EXPECT_LT(steady_clock::now() - before, std::chrono::milliseconds(1000));
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  postgres_server().thaw();
  ASSERT_TRUE(arrives(*log));
  EXPECT_EQ(value("SELECT count(*) FROM sessions"), "1");
  while (list_fault(*log) == Fault::kStoreUnavailable) std::this_thread::yield();
}

TEST_F(PostgresSessionLogTest, WritesWhileAListIsSlow) {
  const auto log = open();
  ASSERT_TRUE(run_task(loop_, log->list({})));
  // Whoever reads the tags waits; a session without any is written all the same.
  PGconn* other = PQconnectdb(url_.c_str());
  PQclear(PQexec(other, "BEGIN; LOCK TABLE session_tags IN ACCESS EXCLUSIVE MODE"));
  std::optional<Result<SessionPage>> page;
  boost::asio::co_spawn(
      loop_,
      [](SessionLog& slow, std::optional<Result<SessionPage>>& result) -> net::Task<void> {
        SessionQuery query;
        query.metadata.emplace("team", "blue");
        result.emplace(co_await slow.list(query));
      }(*log, page),
      boost::asio::detached);
  const auto inserted = run_task(loop_, log->insert_once(new_session(), {"", "key", "hash"}));
  EXPECT_TRUE(inserted);
  EXPECT_FALSE(page) << "the list was not slow";
  PQfinish(other);
  while (!page) loop_.run_one();
}

TEST_F(PostgresSessionLogTest, StartsWhileTheServerIsAwayAndDeliversWhenItIsThere) {
  postgres_server().stop();
  const auto log = open();
  record_life(*log, new_session());
  EXPECT_TRUE(run_task(loop_, log->flush()));
  EXPECT_EQ(run_task(loop_, log->insert_once(new_session(), {"", "key", "hash"})).error().fault,
            Fault::kStoreUnavailable);
  postgres_server().start();
  ASSERT_TRUE(arrives(*log));
  expect_whole_lives(1);
}

TEST_F(PostgresSessionLogTest, DeliversWhatTheLastProcessLeftBeforeItsRunsAreEnded) {
  auto log = open();
  ASSERT_TRUE(arrives(*log));
  postgres_server().stop();
  auto session = new_session();
  session.start("worker-1", "old");
  log->record(session);
  log.reset();
  postgres_server().start();
  log = open();
  ASSERT_TRUE(run_task(loop_, log->flush()));
  const auto ended =
      run_task(loop_, log->end_run({"worker-1", "old"}, EndReason::kWorkerLost, WallTime{}));
  EXPECT_EQ(ended.value(), std::vector{session.id});
}

TEST_F(PostgresSessionLogTest, RefusesToStartWithAWrongPassword) {
  const auto log =
      PostgresSessionLog::open(loop_, {.url = postgres_server().url("postgres", "keyholder:wrong"),
                                       .spool_folder = folder_.file("spool")});
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().field, "DATABASE_URL");
}

TEST_F(PostgresSessionLogTest, RefusesToStartOnTheSchemaOfANewerProgram) {
  open().reset();
  PostgresServer::execute(url_, "INSERT INTO schema_version VALUES (1000, 'of tomorrow')");
  const auto log =
      PostgresSessionLog::open(loop_, {.url = url_, .spool_folder = folder_.file("spool")});
  ASSERT_FALSE(log);
  EXPECT_NE(log.error().detail.find("newer program"), std::string::npos) << log.error().detail;
}

TEST_F(PostgresSessionLogTest, DeliversWithoutASpoolWhileTheDiskIsFull) {
  const auto log = open();
  const support::FullDisk full;
  for (int n = 0; n < 100; ++n) record_life(*log, new_session());
  ASSERT_TRUE(arrives(*log));
  EXPECT_EQ(value("SELECT count(*) FROM sessions WHERE status = 'ended'"), "100");
}

TEST_F(PostgresSessionLogTest, HoldsInMemoryWhatNeitherDiskNorServerTakes) {
  const auto log = open();
  postgres_server().stop();
  {
    const support::FullDisk full;
    for (int n = 0; n < 100; ++n) record_life(*log, new_session());
    EXPECT_FALSE(run_task(loop_, log->flush())) << "it is nowhere safe";
    EXPECT_EQ(log->stats().pending, 100U);
    EXPECT_GT(log->stats().coalesced, 0U);
  }
  EXPECT_TRUE(run_task(loop_, log->flush())) << "the disk takes it again";
  EXPECT_EQ(log->stats().pending, 0U);
  postgres_server().start();
  ASSERT_TRUE(arrives(*log));
  EXPECT_EQ(value("SELECT count(*) FROM sessions WHERE status = 'ended'"), "100");
}

TEST_F(PostgresSessionLogTest, KeepsTheNewestStateOfEachSessionBeyondTheLimitOfItsSpool) {
  const auto log = open(20'000);
  postgres_server().stop();
  for (int n = 0; n < 200; ++n) record_life(*log, new_session());
  EXPECT_FALSE(run_task(loop_, log->flush()));
  EXPECT_LE(log->stats().spool_bytes, 20'000U);
  postgres_server().start();
  ASSERT_TRUE(arrives(*log));
  EXPECT_EQ(log->stats().lost, 0U);
  EXPECT_EQ(value("SELECT count(*) FROM sessions WHERE status = 'ended'"), "200");
}

TEST_F(PostgresSessionLogTest, FindsAStateThatIsOnItsWayWithoutASpool) {
  const auto log = open();
  const auto session = new_session();
  const support::FullDisk full;
  const WriteLock lock(url_);
  log->record(session);
  // It is held, then taken out to be delivered, and stays there as long as the table is locked.
  for (int n = 0; n < 50; ++n) {
    EXPECT_TRUE(run_task(loop_, log->find(session.id)));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

TEST_F(PostgresSessionLogTest, MakesReadsWaitOnceForWhatIsFarBehind) {
  const auto log = open();
  const WriteLock lock(url_);
  log->record(new_session());
  ASSERT_TRUE(run_task(loop_, log->list({})));
  const auto began = steady_clock::now();
  for (int n = 0; n < 5; ++n) ASSERT_TRUE(run_task(loop_, log->list({})));
  EXPECT_LT(steady_clock::now() - began, std::chrono::milliseconds(300)) << "a single wait";
}

TEST_F(PostgresSessionLogTest, SetsAsideWhatTheDatabaseWillNeverTakeAndGoesOn) {
  const auto log = open();
  auto bad = new_session();
  bad.status = SessionStatus::kEnded;  // without a reason, which the schema refuses
  log->record(new_session());
  log->record(bad);
  log->record(new_session());
  ASSERT_TRUE(arrives(*log));
  EXPECT_EQ(log->stats().refused, 1U);
  EXPECT_EQ(value("SELECT count(*) FROM sessions"), "2");
  EXPECT_TRUE(std::filesystem::exists(folder_.file("spool/refused.jsonl")));
}

TEST_F(PostgresSessionLogTest, LosesItsPlaceToNobodyWhenManyInsertTheSameKey) {
  std::vector<std::unique_ptr<PostgresSessionLog>> logs;
  for (int n = 0; n < 4; ++n) logs.push_back(open());
  int inserted = 0;
  int done = 0;
  for (int n = 0; n < 200; ++n) {
    boost::asio::co_spawn(
        loop_,
        [](SessionLog& log, int& wins, int& all) -> net::Task<void> {
          const auto session = new_session();
          const IdempotencyKey key{"ann", "key", "hash"};
          const auto existing = co_await log.insert_once(session, key);
          if (existing && !*existing) ++wins;
          ++all;
        }(*logs[static_cast<std::size_t>(n % 4)], inserted, done),
        boost::asio::detached);
  }
  loop_.restart();
  while (done < 200) loop_.run_one();
  EXPECT_EQ(inserted, 1);
  EXPECT_EQ(value("SELECT count(*) FROM sessions"), "1");
}

TEST_F(PostgresSessionLogTest, EndsEachSessionByOneOfFourThatTryAtOnce) {
  std::vector<std::unique_ptr<PostgresSessionLog>> logs;
  for (int n = 0; n < 4; ++n) logs.push_back(open());
  for (int n = 0; n < 500; ++n) {
    auto session = new_session();
    session.start("worker-1", "gone");
    logs[0]->record(session);
  }
  ASSERT_TRUE(arrives(*logs[0]));
  std::size_t ended = 0;
  int done = 0;
  for (const auto& log : logs) {
    boost::asio::co_spawn(
        loop_,
        [](SessionLog& mine, std::size_t& sum, int& all) -> net::Task<void> {
          const WorkerRun run{"worker-1", "gone"};
          const WallTime now{};
          const auto ids = co_await mine.end_run(run, EndReason::kWorkerLost, now);
          if (ids) sum += ids->size();
          ++all;
        }(*log, ended, done),
        boost::asio::detached);
  }
  loop_.restart();
  while (done < 4) loop_.run_one();
  EXPECT_EQ(ended, 500U);
  EXPECT_EQ(value("SELECT count(*) FROM session_events WHERE status = 'ended'"), "500");
}

// The other side of the next test: records lives until it is killed, and tells each that is
// flushed.
[[noreturn]] void record_until_killed(const std::string& url, const std::string& folder,
                                      int acknowledge_fd) {
  net::Loop loop;
  auto log = open_log(loop, url, folder);
  for (;;) {
    std::string acknowledged;
    for (int n = 0; n < 3; ++n) {
      const auto session = new_session();
      acknowledged += session.id.text();
      record_life(*log, session);
    }
    if (!run_task(loop, log->flush())) _exit(1);
    if (write(acknowledge_fd, acknowledged.data(), acknowledged.size()) < 0) _exit(1);
  }
}

// What the child tells until it is killed, at a random moment after so many sessions.
std::vector<SessionId> kill_after(pid_t child, int fd, int count, std::mt19937& random) {
  std::vector<SessionId> ids;
  std::array<char, 32> text{};
  const auto read_one = [&] {
    if (read(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) return false;
    ids.push_back(SessionId::parse({text.data(), text.size()}).value());
    return true;
  };
  while (static_cast<int>(ids.size()) < count && read_one()) continue;
  std::this_thread::sleep_for(std::chrono::microseconds(random() % 20'000));
  kill(child, SIGKILL);
  while (read_one()) continue;
  return ids;
}

TEST_F(PostgresSessionLogTest, DeliversOnceWhatItAcknowledgedThroughThirtyKills) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::set<SessionId> acknowledged;
  open().reset();
  for (int round = 1; round <= 30; ++round) {
    // Every third process finds no server, and leaves all it records to a later one.
    if (round % 3 == 0) postgres_server().stop();
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const UniqueFd from_child(ends[0]);
    UniqueFd to_parent(ends[1]);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) record_until_killed(url_, folder_.file("spool"), to_parent.get());
    to_parent.reset();
    const auto ids = kill_after(child, from_child.get(), round, random);
    acknowledged.insert(ids.begin(), ids.end());
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    postgres_server().start();
  }
  const auto log = open();
  ASSERT_TRUE(arrives(*log));
  for (const auto& id : acknowledged) {
    const auto found = run_task(loop_, log->find(id));
    ASSERT_TRUE(found) << id.text();
    EXPECT_EQ(found->status, SessionStatus::kEnded) << id.text();
  }
  EXPECT_GE(acknowledged.size(), 400U);
  // Also of those that were not acknowledged, no step is there twice or out of order.
  EXPECT_EQ(value("SELECT count(*) FROM session_events e JOIN session_events f "
                  "ON e.session_id = f.session_id AND e.epoch = f.epoch AND e.seq < f.seq "
                  "AND (e.status = 'ended' OR f.status = 'queued')"),
            "0");
  EXPECT_EQ(value("SELECT count(*) FROM sessions s WHERE status = 'ended' AND 3 <> "
                  "(SELECT count(*) FROM session_events WHERE session_id = s.id)"),
            "0");
}

}  // namespace
}  // namespace pbaas::store
