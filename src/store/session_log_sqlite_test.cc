#include "store/session_log_sqlite.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <thread>

#include "base/unique_fd.h"
#include "store/recording_log_contract.h"
#include "store/session_log_contract.h"
#include "store/session_log_fleet_contract.h"
#include "support/full_disk.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

using session::Session;
using support::run_task;

std::unique_ptr<SqliteSessionLog> open_log(net::Loop& loop, const std::string& path) {
  return SqliteSessionLog::open(loop, path).value();
}

class SqliteRig {
 public:
  explicit SqliteRig(net::Loop& loop) : loop_(loop) {}
  SqliteSessionLog& log() { return *log_; }
  void reopen() {
    log_.reset();
    log_ = open_log(loop_, path_);
  }

 private:
  net::Loop& loop_;
  support::TempFolder folder_;
  std::string path_ = folder_.file("sessions.db");
  std::unique_ptr<SqliteSessionLog> log_ = open_log(loop_, path_);
};

INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, SessionLogContract, SqliteRig);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, SessionLogFleetContract, SqliteRig);
INSTANTIATE_TYPED_TEST_SUITE_P(Sqlite, RecordingLogContract, SqliteRig);

class SqliteSessionLogTest : public testing::Test {
 protected:
  static Session new_session() { return Session{.id = SessionId::random()}; }

  bool has(SessionLog& log, const SessionId& id) {
    return run_task(loop_, log.find(id)).has_value();
  }

  net::Loop loop_;
  support::TempFolder folder_;
  const std::string path_ = folder_.file("sessions.db");
};

TEST_F(SqliteSessionLogTest, MakesTheFolderItIsToLiveIn) {
  const std::string path = folder_.file("new/folder/sessions.db");
  EXPECT_TRUE(SqliteSessionLog::open(loop_, path));
}

TEST_F(SqliteSessionLogTest, NamesTheFileThatIsNoDatabase) {
  std::ofstream(path_) << std::string(4096, 'x');
  const auto log = SqliteSessionLog::open(loop_, path_);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().fault, Fault::kStoreUnavailable);
  EXPECT_NE(log.error().detail.find(path_), std::string::npos) << log.error().detail;
}

TEST_F(SqliteSessionLogTest, WritesOnlyTheNewestOfManyStates) {
  auto log = open_log(loop_, path_);
  auto session = new_session();
  session.start("worker-1", "epoch-1");
  for (int n = 1; n <= 10'000; ++n) {
    session.traffic.messages_up = static_cast<std::uint64_t>(n);
    log->record(session);
  }
  EXPECT_EQ(run_task(loop_, log->find(session.id)).value().traffic.messages_up, 10'000U);
  const auto stats = log->stats();
  EXPECT_EQ(stats.pending, 0U);
  EXPECT_EQ(stats.written + stats.coalesced, 10'000U);
}

TEST_F(SqliteSessionLogTest, WritesAfterTheLockOfAnotherProgramIsGone) {
  auto log = open_log(loop_, path_);
  const auto session = new_session();
  SQLite::Database other(path_, SQLite::OPEN_READWRITE);
  other.exec("BEGIN EXCLUSIVE");
  log->record(session);
  const auto flushed = run_task(loop_, log->flush());
  ASSERT_FALSE(flushed);
  EXPECT_EQ(flushed.error().fault, Fault::kStoreUnavailable);
  EXPECT_EQ(log->stats().pending, 1U);
  other.exec("ROLLBACK");
  EXPECT_TRUE(run_task(loop_, log->flush()));
  EXPECT_TRUE(has(*log, session.id));
  EXPECT_GE(log->stats().failed_batches, 1U);
}

TEST_F(SqliteSessionLogTest, TriesAgainByItself) {
  auto log = open_log(loop_, path_);
  const auto session = new_session();
  SQLite::Database other(path_, SQLite::OPEN_READWRITE);
  other.exec("BEGIN EXCLUSIVE");
  log->record(session);
  ASSERT_FALSE(run_task(loop_, log->flush()));
  other.exec("ROLLBACK");
  // No call of the log is made: its own retry must do it. The count is what there is to wait for.
  while (log->stats().written == 0) std::this_thread::yield();
  EXPECT_TRUE(has(*log, session.id));
}

TEST_F(SqliteSessionLogTest, CanBeClosedWhileAnotherProgramHoldsTheLock) {
  SQLite::Database other(path_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  auto log = open_log(loop_, path_);
  other.exec("BEGIN EXCLUSIVE");
  log->record(new_session());
  log.reset();
  other.exec("ROLLBACK");
  SQLite::Statement count(other, "SELECT count(*) FROM sessions");
  count.executeStep();
  EXPECT_EQ(count.getColumn(0).getInt(), 0);
}

TEST_F(SqliteSessionLogTest, KeepsItsWriteAheadLogShort) {
  auto log = open_log(loop_, path_);
  for (int n = 0; n < 3'000; ++n) {
    log->record(new_session());
    run_task(loop_, log->written());
  }
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 20u << 20) << "it would have 100 MB";
}

TEST_F(SqliteSessionLogTest, LosesNothingWhileTheDiskIsFull) {
  auto log = open_log(loop_, path_);
  const auto before = new_session();
  const auto meanwhile = new_session();
  log->record(before);
  ASSERT_TRUE(run_task(loop_, log->flush()));
  {
    const support::FullDisk full;
    log->record(meanwhile);
    const auto flushed = run_task(loop_, log->flush());
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().fault, Fault::kStoreUnavailable);
    EXPECT_TRUE(has(*log, before.id)) << "what was there can be read all the same";
  }
  EXPECT_TRUE(run_task(loop_, log->flush()));
  EXPECT_TRUE(has(*log, meanwhile.id));
}

TEST_F(SqliteSessionLogTest, IsUnavailableWhenItsTablesAreGone) {
  auto log = open_log(loop_, path_);
  SQLite::Database(path_, SQLite::OPEN_READWRITE).exec("ALTER TABLE sessions RENAME TO elsewhere");
  EXPECT_EQ(run_task(loop_, log->find(SessionId::random())).error().fault,
            Fault::kStoreUnavailable);
  EXPECT_EQ(run_task(loop_, log->list({})).error().fault, Fault::kStoreUnavailable);
  EXPECT_EQ(run_task(loop_, log->insert_once(new_session(), {})).error().fault,
            Fault::kStoreUnavailable);
  EXPECT_EQ(
      run_task(loop_, log->end_open(session::EndReason::kWorkerLost, WallTime{})).error().fault,
      Fault::kStoreUnavailable);
}

// The other side of the next test: writes sessions until it is killed, and tells each that is
// flushed.
[[noreturn]] void write_until_killed(const std::string& path, int acknowledge_fd) {
  net::Loop loop;
  auto log = open_log(loop, path);
  for (;;) {
    std::string acknowledged;
    for (int n = 0; n < 3; ++n) {
      Session session{.id = SessionId::random()};
      acknowledged += session.id.text();
      log->record(session);
      session.start("worker-1", "epoch-1");
      session.end(session::EndReason::kClientRequest, WallTime{});
      log->record(session);
    }
    if (!run_task(loop, log->flush())) _exit(1);
    if (write(acknowledge_fd, acknowledged.data(), acknowledged.size()) < 0) _exit(1);
  }
}

// Reads ids until there are `count`; what the child does between the last of them and its death is
// the moment the test is about.
std::vector<SessionId> read_ids(int fd, int count) {
  std::vector<SessionId> ids;
  std::array<char, 32> text{};
  while (static_cast<int>(ids.size()) < count) {
    if (read(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) break;
    ids.push_back(SessionId::parse({text.data(), text.size()}).value());
  }
  return ids;
}

TEST_F(SqliteSessionLogTest, KeepsAllItAcknowledgedThroughTwentyKills) {
  std::vector<SessionId> acknowledged;
  for (int round = 1; round <= 20; ++round) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const UniqueFd from_child(ends[0]);
    UniqueFd to_parent(ends[1]);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) write_until_killed(path_, to_parent.get());
    to_parent.reset();
    const auto ids = read_ids(from_child.get(), round);
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself";
    acknowledged.insert(acknowledged.end(), ids.begin(), ids.end());
  }

  SQLite::Database database(path_, SQLite::OPEN_READONLY);
  EXPECT_EQ(database.execAndGet("PRAGMA integrity_check").getString(), "ok");
  auto log = open_log(loop_, path_);
  ASSERT_EQ(acknowledged.size(), 210U);
  for (const auto& id : acknowledged) EXPECT_TRUE(has(*log, id)) << id.text();
}

}  // namespace
}  // namespace pbaas::store
