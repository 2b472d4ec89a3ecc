#include "store/session_log_sqlite.h"

#include <algorithm>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/log.h"
#include "store/blocking_thread.h"
#include "store/sqlite_sessions.h"

namespace pbaas::store {

using session::Session;

namespace {
constexpr std::size_t kJobsMax = 1000;  // Calls that may wait for the thread.
constexpr Duration kRetryDelay{500};
constexpr std::size_t kBatchMax = 1000;

bool moves_forward(const Session& from, const Session& to) {
  return from.status != session::SessionStatus::kEnded && to.status >= from.status;
}

}  // namespace

// What the loop hands over and the thread writes. `record` never waits and never loses: per session
// only the newest state is kept, so what waits is bounded by the number of sessions that changed.
class SqliteSessionLog::Writer {
 public:
  Writer(net::Loop& loop, std::unique_ptr<SqliteSessions> sessions)
      : sessions_(std::move(sessions)), thread_(loop, "session-log", kJobsMax) {}

  ~Writer() {
    thread_.finish();
    if (stats_.pending > 0) log::error("session_log_lost", {{"sessions", stats_.pending}});
  }

  SqliteSessions& sessions() { return *sessions_; }
  BlockingThread& thread() { return thread_; }

  // On the loop.
  void add(const Session& session) {
    {
      const std::lock_guard lock(mutex_);
      keep(session);
      if (std::exchange(scheduled_, true)) return;
    }
    // Not counted among the jobs of callers: a write is never turned away.
    thread_.post_later(Duration{0}, [this] { write_all(); });
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
    const auto found = pending_.find(id);
    if (found == pending_.end()) return std::nullopt;
    return found->second;
  }

  // On the thread: writes all that was recorded.
  Status write_all() {
    for (;;) {
      const auto batch = take_batch();
      if (batch.empty()) return {};
      if (const auto wrote = sessions_->write(batch); !wrote) {
        put_back(batch, wrote.error());
        return wrote;
      }
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
  // On the loop. A state that would take the session back, or end it again, is dropped here as it
  // would be in the database.
  void keep(const Session& session) {
    const auto [found, is_new] = pending_.try_emplace(session.id, session);
    if (is_new)
      ++stats_.pending;
    else
      ++stats_.coalesced;
    if (!is_new && moves_forward(found->second, session)) found->second = session;
  }

  std::vector<Session> take_batch() {
    const std::lock_guard lock(mutex_);
    std::vector<Session> batch;
    while (!pending_.empty() && batch.size() < kBatchMax) {
      auto node = pending_.extract(pending_.begin());
      batch.push_back(std::move(node.mapped()));
    }
    if (batch.empty()) scheduled_ = false;
    return batch;
  }

  void put_back(const std::vector<Session>& batch, const Error& error) {
    std::size_t pending = 0;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& old : batch) {
        // What was recorded meanwhile is newer, unless it would take the session back.
        const auto [found, is_new] = pending_.try_emplace(old.id, old);
        if (is_new) continue;
        --stats_.pending;
        if (!moves_forward(old, found->second)) found->second = old;
      }
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
  std::unique_ptr<SqliteSessions> sessions_;
  bool retry_scheduled_ = false;

  // The loop adds while the thread takes.
  std::mutex mutex_;
  std::unordered_map<SessionId, Session> pending_;
  bool scheduled_ = false;
  SessionLogStats stats_;

  BlockingThread thread_;
};

Result<std::unique_ptr<SqliteSessionLog>> SqliteSessionLog::open(net::Loop& loop,
                                                                 const std::string& path) {
  auto sessions = SqliteSessions::open(path);
  if (!sessions) return sessions.error();
  auto writer = std::make_unique<Writer>(loop, std::move(*sessions));
  return std::unique_ptr<SqliteSessionLog>(new SqliteSessionLog(std::move(writer)));
}

SqliteSessionLog::SqliteSessionLog(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}

SqliteSessionLog::~SqliteSessionLog() = default;

void SqliteSessionLog::record(const Session& session) {
  writer_->add(session);
}

net::Task<Result<std::optional<IdempotentSession>>> SqliteSessionLog::insert_once(
    const Session& session, const IdempotencyKey& key) {
  return writer_->thread().run<std::optional<IdempotentSession>>(
      [writer = writer_.get(), session, key] {
        writer->catch_up();
        return writer->sessions().insert_once(session, key);
      });
}

net::Task<Result<Session>> SqliteSessionLog::find(const SessionId& id) {
  return writer_->thread().run<Session>([writer = writer_.get(), id]() -> Result<Session> {
    writer->catch_up();
    if (auto newest = writer->unwritten(id)) return std::move(*newest);
    return writer->sessions().find(id);
  });
}

net::Task<Result<SessionPage>> SqliteSessionLog::list(const SessionQuery& query) {
  return writer_->thread().run<SessionPage>(
      [writer = writer_.get(), query]() -> Result<SessionPage> {
        writer->catch_up();
        if (writer->is_behind()) {
          return Error{Fault::kStoreUnavailable, "the session log cannot be written at the moment",
                       "", 1};
        }
        return writer->sessions().list(query);
      });
}

net::Task<Result<std::size_t>> SqliteSessionLog::end_open(session::EndReason reason, WallTime now) {
  return writer_->thread().run<std::size_t>([writer = writer_.get(), reason, now] {
    writer->catch_up();
    return writer->sessions().end_open(reason, now);
  });
}

net::Task<Status> SqliteSessionLog::flush() {
  return writer_->thread().run<void>([writer = writer_.get()]() -> Status {
    if (const auto wrote = writer->write_all(); !wrote) return wrote;
    return writer->sessions().sync();
  });
}

SessionLogStats SqliteSessionLog::stats() const {
  return writer_->stats();
}

}  // namespace pbaas::store
