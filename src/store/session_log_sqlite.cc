#include "store/session_log_sqlite.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "base/log.h"
#include "store/blocking_thread.h"
#include "store/newest_states.h"
#include "store/recording_table.h"
#include "store/session_table.h"
#include "store/sqlite_database.h"

namespace pbaas::store {

using session::Session;

namespace {
constexpr std::size_t kJobsMax = 1000;  // Calls that may wait for the thread.
constexpr Duration kRetryDelay{500};
// What nobody waits for is written when whoever recorded it has gone on.
constexpr Duration kWriteDelay{5};
constexpr std::size_t kBatchMax = 1000;
// From how many pages on the write-ahead log is brought into the database by a thread that nobody
// waits for, as that waits for the disk; and from how many on, where that does not keep up, by the
// writer.
constexpr int kLogPages = 1'000;
constexpr int kLogPagesMax = 4'000;

Error not_written() {
  return {Fault::kStoreUnavailable, "the session log cannot be written at the moment", "", 1};
}

}  // namespace

// What the loop hands over and the thread writes. `record` never waits and never loses: per session
// only the newest state is kept, so what waits is bounded by the number of sessions that changed.
class SqliteSessionLog::Writer {
 public:
  // `second` is another connection to the same database.
  Writer(net::Loop& loop, std::unique_ptr<SqliteDatabase> database,
         std::unique_ptr<SqliteDatabase> second)
      : database_(std::move(database)),
        second_(std::move(second)),
        table_(*database_, [this] { return next_key(); }),
        syncs_(loop, "log-checkpoints", kJobsMax),
        thread_(loop, "session-log", kJobsMax) {}

  ~Writer() {
    thread_.finish();
    syncs_.finish();
    if (stats_.pending > 0) log::error("session_log_lost", {{"sessions", stats_.pending}});
  }

  SessionTable& table() { return table_; }
  BlockingThread& thread() { return thread_; }

  // On the loop.
  void add(const Session& session) {
    {
      const std::lock_guard lock(mutex_);
      keep(session);
      if (std::exchange(scheduled_, true)) return;
    }
    // Not counted among the jobs of callers: a write is never turned away.
    thread_.post_later(kWriteDelay, [this] { write_all(); });
  }

  // On the thread, at the beginning of every call of the log, so that it sees what was recorded
  // before it. Where writing fails it is left to the retry: a locked database would delay each
  // call.
  void catch_up() {
    if (!retry_scheduled_) (void)write_all();
  }

  // On the thread: whether the database is behind what was recorded, because it cannot be written.
  bool is_behind() const { return retry_scheduled_; }

  // On the thread: what was recorded of a session and could not be written.
  std::optional<Session> unwritten(const SessionId& id) {
    const std::lock_guard lock(mutex_);
    return pending_.find(id);
  }

  // On the thread: writes all that was recorded.
  Status write_all() {
    for (;;) {
      const auto batch = take_batch();
      if (batch.empty()) return {};
      if (const auto wrote = table_.write(numbered(batch)); !wrote) {
        put_back(batch, wrote.error());
        return wrote;
      }
      keep_log_short();
      const std::lock_guard lock(mutex_);
      stats_.written += batch.size();
      stats_.pending -= batch.size();
    }
  }

  SessionLogStats stats() {
    const std::lock_guard lock(mutex_);
    return stats_;
  }

 private:
  EventKey next_key() { return {epoch_, kSeqsOfState * next_state_++}; }

  std::vector<WrittenState> numbered(const std::vector<Session>& batch) {
    std::vector<WrittenState> states;
    for (const auto& session : batch) states.push_back({session, next_key()});
    return states;
  }

  // On the loop.
  void keep(const Session& session) {
    if (pending_.add(session))
      ++stats_.pending;
    else
      ++stats_.coalesced;
  }

  std::vector<Session> take_batch() {
    const std::lock_guard lock(mutex_);
    auto batch = pending_.take(kBatchMax);
    if (batch.empty()) scheduled_ = false;
    return batch;
  }

  void keep_log_short() {
    const int pages = database_->log_pages();
    // Not at every commit where somebody reads for long, which keeps the log from being restarted.
    if (pages < kLogPagesMax) restart_above_ = kLogPagesMax;
    if (pages > restart_above_) {
      restart_above_ = pages + kLogPagesMax;
      const std::lock_guard lock(sync_mutex_);
      (void)database_->restart_log();
      return;
    }
    if (pages < kLogPages || is_syncing_.exchange(true)) return;
    syncs_.post_later(Duration{0}, [this] {
      const std::lock_guard lock(sync_mutex_);
      (void)second_->sync();
      is_syncing_ = false;
    });
  }

  void put_back(const std::vector<Session>& batch, const Error& error) {
    std::size_t pending = 0;
    {
      const std::lock_guard lock(mutex_);
      stats_.pending -= pending_.put_back(batch);
      ++stats_.failed_batches;
      pending = stats_.pending;
    }
    log::error("session_log_write_failed",
               {{"error", boost::json::value(error.detail)}, {"pending", pending}});
    retry();
  }

  void retry() {
    if (retry_scheduled_) return;
    retry_scheduled_ = true;
    thread_.post_later(kRetryDelay, [this] {
      retry_scheduled_ = false;
      (void)write_all();
    });
  }

  // The thread's alone after the start.
  std::unique_ptr<SqliteDatabase> database_;
  std::unique_ptr<SqliteDatabase> second_;  // that of `syncs_`
  SessionTable table_;
  const std::string epoch_ = random_hex_128();
  std::int64_t next_state_ = 0;
  bool retry_scheduled_ = false;
  int restart_above_ = kLogPagesMax;  // pages

  // The loop adds while the thread takes.
  std::mutex mutex_;
  NewestStates pending_;
  bool scheduled_ = false;
  SessionLogStats stats_;

  std::atomic<bool> is_syncing_{false};
  std::mutex sync_mutex_;  // SQLite lets nobody wait for a checkpoint of another connection
  BlockingThread syncs_;
  BlockingThread thread_;
};

Result<std::unique_ptr<SqliteSessionLog>> SqliteSessionLog::open(net::Loop& loop,
                                                                 const std::string& path) {
  auto database = SqliteDatabase::open(path);
  if (!database) return database.error();
  auto second = SqliteDatabase::open(path);
  if (!second) return second.error();
  auto writer = std::make_unique<Writer>(loop, std::move(*database), std::move(*second));
  return std::unique_ptr<SqliteSessionLog>(new SqliteSessionLog(std::move(writer)));
}

SqliteSessionLog::SqliteSessionLog(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}

SqliteSessionLog::~SqliteSessionLog() = default;

void SqliteSessionLog::record(const Session& session) {
  writer_->add(session);
}

template <typename T>
net::Task<Result<T>> SqliteSessionLog::call(std::function<Result<T>(SessionTable&)> work) {
  return writer_->thread().run<T>([writer = writer_.get(), work = std::move(work)] {
    writer->catch_up();
    return work(writer->table());
  });
}

net::Task<Result<std::optional<IdempotentSession>>> SqliteSessionLog::insert_once(
    const Session& session, const IdempotencyKey& key) {
  return call<std::optional<IdempotentSession>>(
      [session, key](SessionTable& table) { return table.insert_once(session, key); });
}

net::Task<Result<Session>> SqliteSessionLog::find(const SessionId& id) {
  return call<Session>([writer = writer_.get(), id](SessionTable& table) -> Result<Session> {
    if (auto newest = writer->unwritten(id)) return std::move(*newest);
    return table.find(id);
  });
}

net::Task<Result<SessionPage>> SqliteSessionLog::list(const SessionQuery& query) {
  return call<SessionPage>(
      [writer = writer_.get(), query](SessionTable& table) -> Result<SessionPage> {
        if (writer->is_behind()) return not_written();
        return table.list(query);
      });
}

net::Task<Result<std::size_t>> SqliteSessionLog::end_open(session::EndReason reason, WallTime now) {
  return call<std::size_t>([=](SessionTable& table) { return table.end_open(reason, now); });
}

net::Task<Result<std::vector<WorkerRun>>> SqliteSessionLog::open_runs() {
  return call<std::vector<WorkerRun>>([](SessionTable& table) { return table.open_runs(); });
}

net::Task<Result<std::vector<SessionId>>> SqliteSessionLog::end_run(const WorkerRun& run,
                                                                    session::EndReason reason,
                                                                    WallTime now) {
  return call<std::vector<SessionId>>(
      [=](SessionTable& table) { return table.end_run(run, reason, now); });
}

net::Task<Result<std::vector<SessionId>>> SqliteSessionLog::end_forgotten(WallTime now) {
  return call<std::vector<SessionId>>(
      [=](SessionTable& table) { return table.end_forgotten(now); });
}

net::Task<Result<RunRows>> SqliteSessionLog::rows_of(const WorkerRun& run,
                                                     const std::vector<SessionId>& held) {
  return call<RunRows>([=](SessionTable& table) { return table.rows_of(run, held); });
}

net::Task<void> SqliteSessionLog::written() {
  std::function<Status()> write = [writer = writer_.get()]() -> Status {
    writer->catch_up();
    return {};
  };
  (void)co_await writer_->thread().run<void>(std::move(write));
}

net::Task<Status> SqliteSessionLog::flush() {
  return writer_->thread().run<void>([writer = writer_.get()] { return writer->write_all(); });
}

net::Task<Result<bool>> SqliteSessionLog::note(Recording recording) {
  return call<bool>([writer = writer_.get(),
                     recording = std::move(recording)](SessionTable& table) -> Result<bool> {
    // Its session may be among what is not written yet.
    if (writer->is_behind()) return not_written();
    return RecordingTable(table.database()).note(recording);
  });
}

net::Task<Result<std::vector<Recording>>> SqliteSessionLog::recordings_of(SessionId session) {
  return call<std::vector<Recording>>([session = std::move(session)](SessionTable& table) {
    return RecordingTable(table.database()).of(session);
  });
}

net::Task<Result<std::optional<Recording>>> SqliteSessionLog::remove_recording(SessionId session,
                                                                               std::string name,
                                                                               RecordingKind kind,
                                                                               WallTime now) {
  return call<std::optional<Recording>>(
      [session = std::move(session), name = std::move(name), kind, now](SessionTable& table) {
        return RecordingTable(table.database()).remove(session, name, kind, now);
      });
}

net::Task<Result<std::vector<Recording>>> SqliteSessionLog::outlived(
    std::chrono::seconds lifetime, std::optional<Recording> behind, std::size_t count) {
  return call<std::vector<Recording>>(
      [lifetime, behind = std::move(behind), count](SessionTable& table) {
        return RecordingTable(table.database()).outlived(lifetime, behind, count);
      });
}

SessionLogStats SqliteSessionLog::stats() const {
  return writer_->stats();
}

}  // namespace pbaas::store
