#include "store/sqlite_sessions.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>
#include <SQLiteCpp/Transaction.h>

#include <algorithm>
#include <filesystem>

#include "store/page_cursor.h"
#include "store/sqlite_row.h"
#include "store/sqlite_schema.h"

namespace pbaas::store {
namespace {

using session::Session;
using session::SessionStatus;

constexpr int kBusyTimeoutMs = 2000;  // Another program that reads the file holds it far shorter.
constexpr std::size_t kPageSizeMax = 200;

std::string select_sessions(const std::string& rest) {
  return std::string("SELECT ") + kSessionColumns + " FROM sessions " + rest;
}

std::string insert_session(const std::string& more_columns, const std::string& rest) {
  std::string marks = "?";
  const auto more = std::count(more_columns.begin(), more_columns.end(), ',');
  for (auto n = 1; n < kSessionColumnCount + more; ++n) marks += ", ?";
  return std::string("INSERT INTO sessions (") + kSessionColumns + more_columns + ") VALUES (" +
         marks + ") " + rest;
}

// The rank of a status: the order in which a session passes through them.
std::string rank(const std::string& status) {
  return "CASE " + status +
         " WHEN 'queued' THEN 0 WHEN 'starting' THEN 1 WHEN 'running' THEN 2 ELSE 3 END";
}

// A row moves forward only: an ended one never changes, and others take no earlier status.
std::string upsert_session() {
  return insert_session(
      "",
      "ON CONFLICT (id) DO UPDATE SET status = excluded.status, options = excluded.options, "
      "worker = excluded.worker, debug_port = excluded.debug_port, "
      "browser_guid = excluded.browser_guid, end_reason = excluded.end_reason, "
      "end_detail = excluded.end_detail, started_at = excluded.started_at, "
      "ended_at = excluded.ended_at, expires_at = excluded.expires_at, "
      "connections = excluded.connections, messages_up = excluded.messages_up, "
      "messages_down = excluded.messages_down, bytes_up = excluded.bytes_up, "
      "bytes_down = excluded.bytes_down, "
      // Whoever asks again after a create that gave no browser gets another try.
      "idempotency_key = CASE WHEN excluded.end_reason IN ('launch_failed', 'abandoned') "
      "THEN NULL ELSE sessions.idempotency_key END "
      "WHERE sessions.status <> 'ended' AND " +
          rank("excluded.status") + " >= " + rank("sessions.status"));
}

constexpr const char* kInsertEvent =
    "INSERT INTO session_events (session_id, seq, at, status, reason) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT DO NOTHING";

Error unavailable(const std::exception& problem) {
  return Error{Fault::kStoreUnavailable, std::string("the session log: ") + problem.what(), "", 1};
}

Error bad_cursor() {
  return Error{Fault::kInvalidQuery,
               "cursor is not one that a list gave; leave it out to start anew", "cursor"};
}

}  // namespace

class SqliteSessions::Impl {
 public:
  explicit Impl(const std::string& path)
      : database_(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, kBusyTimeoutMs) {
    // WAL with NORMAL survives kill -9 at any moment, and loses the last commits, never more, with
    // the power: https://www.sqlite.org/pragma.html#pragma_synchronous
    database_.exec("PRAGMA journal_mode = WAL");
    database_.exec("PRAGMA synchronous = NORMAL");
    database_.exec("PRAGMA foreign_keys = ON");
    apply_migrations(database_, sqlite_migrations());
  }

  void write(const std::vector<Session>& sessions) {
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    SQLite::Statement upsert(database_, upsert_session());
    SQLite::Statement event(database_, kInsertEvent);
    for (const auto& session : sessions) {
      upsert.reset();
      bind_session(upsert, session);
      if (upsert.exec() > 0) write_events(event, session);
    }
    transaction.commit();
  }

  std::optional<IdempotentSession> insert_once(const Session& session, const IdempotencyKey& key) {
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    if (auto existing = find_by_key(key)) return existing;
    SQLite::Statement insert(database_, insert_session(", idempotency_key, request_hash", ""));
    bind_session(insert, session);
    insert.bind(kSessionColumnCount + 1, key.key);
    insert.bind(kSessionColumnCount + 2, key.request_hash);
    insert.exec();
    SQLite::Statement event(database_, kInsertEvent);
    write_events(event, session);
    transaction.commit();
    return std::nullopt;
  }

  std::optional<Session> find(const SessionId& id) {
    SQLite::Statement query(database_, select_sessions("WHERE id = ?"));
    query.bind(1, id.text());
    if (!query.executeStep()) return std::nullopt;
    return read_session(query);
  }

  SessionPage list(const SessionQuery& query, const std::optional<PageCursor>& after) {
    const auto limit = std::clamp<std::size_t>(query.limit, 1, kPageSizeMax);
    std::string where = "WHERE owner = :owner";
    if (query.status) where += " AND status = :status";
    if (after) where += " AND (created_at, id) < (:created_at, :id)";
    SQLite::Statement select(
        database_, select_sessions(where + " ORDER BY created_at DESC, id DESC LIMIT :limit"));
    select.bind(":owner", query.owner);
    if (query.status) select.bind(":status", std::string(to_word(*query.status)));
    if (after)
      select.bind(":created_at", std::int64_t{after->created_at.time_since_epoch().count()});
    if (after) select.bind(":id", after->id.text());
    // One more than the page tells whether there is another page.
    select.bind(":limit", static_cast<std::int64_t>(limit + 1));
    SessionPage page;
    while (select.executeStep()) page.sessions.push_back(read_session(select));
    if (page.sessions.size() <= limit) return page;
    page.sessions.pop_back();
    const auto& last = page.sessions.back();
    page.next_cursor = encode_cursor({last.created_at, last.id});
    return page;
  }

  std::size_t end_open(session::EndReason reason, WallTime now) {
    SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
    const std::string word(to_word(reason));
    const std::int64_t now_ms = now.time_since_epoch().count();
    SQLite::Statement events(database_,
                             "INSERT INTO session_events (session_id, seq, at, status, reason) "
                             "SELECT id, 3, ?, 'ended', ? FROM sessions WHERE status <> 'ended' "
                             "ON CONFLICT DO NOTHING");
    events.bind(1, now_ms);
    events.bind(2, word);
    events.exec();
    SQLite::Statement rows(database_,
                           "UPDATE sessions SET status = 'ended', ended_at = ?, end_reason = ?, "
                           "connections = 0, idempotency_key = CASE WHEN status = 'running' "
                           "THEN idempotency_key ELSE NULL END WHERE status <> 'ended'");
    rows.bind(1, now_ms);
    rows.bind(2, word);
    const int count = rows.exec();
    transaction.commit();
    return static_cast<std::size_t>(count);
  }

  // A checkpoint syncs the WAL to disk, then the database: https://www.sqlite.org/wal.html#ckpt
  void sync() { database_.exec("PRAGMA wal_checkpoint(PASSIVE)"); }

 private:
  static void write_event(SQLite::Statement& event, const Session& session, SessionStatus status,
                          WallTime at) {
    event.reset();
    event.bind(1, session.id.text());
    event.bind(2, static_cast<int>(status));
    event.bind(3, std::int64_t{at.time_since_epoch().count()});
    event.bind(4, std::string(to_word(status)));
    if (status == SessionStatus::kEnded)
      event.bind(5, std::string(to_word(*session.end_reason)));
    else
      event.bind(5);
    event.exec();
  }

  // The steps a session has behind it, each at its time; those already written stay as they are.
  static void write_events(SQLite::Statement& event, const Session& session) {
    write_event(event, session, SessionStatus::kQueued, session.created_at);
    if (session.started_at)
      write_event(event, session, SessionStatus::kRunning, *session.started_at);
    if (session.ended_at && session.end_reason)
      write_event(event, session, SessionStatus::kEnded, *session.ended_at);
  }

  std::optional<IdempotentSession> find_by_key(const IdempotencyKey& key) {
    SQLite::Statement query(
        database_, std::string("SELECT ") + kSessionColumns +
                       ", request_hash FROM sessions WHERE owner = ? AND idempotency_key = ?");
    query.bind(1, key.owner);
    query.bind(2, key.key);
    if (!query.executeStep()) return std::nullopt;
    return IdempotentSession{read_session(query), query.getColumn(kSessionColumnCount).getString()};
  }

  SQLite::Database database_;
};

SqliteSessions::SqliteSessions(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SqliteSessions::~SqliteSessions() = default;

Result<std::unique_ptr<SqliteSessions>> SqliteSessions::open(const std::string& path) try {
  const auto folder = std::filesystem::path(path).parent_path();
  if (!folder.empty()) std::filesystem::create_directories(folder);
  return std::unique_ptr<SqliteSessions>(new SqliteSessions(std::make_unique<Impl>(path)));
} catch (const std::exception& problem) {
  Error error = unavailable(problem);
  error.detail += ": " + path;
  return error;
}

Status SqliteSessions::write(const std::vector<Session>& sessions) try {
  impl_->write(sessions);
  return {};
} catch (const std::exception& problem) {
  return unavailable(problem);
}

Result<std::optional<IdempotentSession>> SqliteSessions::insert_once(
    const Session& session, const IdempotencyKey& key) try {
  return impl_->insert_once(session, key);
} catch (const std::exception& problem) {
  return unavailable(problem);
}

Result<Session> SqliteSessions::find(const SessionId& id) try {
  auto found = impl_->find(id);
  if (!found) return Error{Fault::kNoSuchSession, "there is no session " + id.text()};
  return std::move(*found);
} catch (const std::exception& problem) {
  return unavailable(problem);
}

Result<SessionPage> SqliteSessions::list(const SessionQuery& query) try {
  std::optional<PageCursor> after;
  if (query.cursor) {
    after = decode_cursor(*query.cursor);
    if (!after) return bad_cursor();
  }
  return impl_->list(query, after);
} catch (const std::exception& problem) {
  return unavailable(problem);
}

Result<std::size_t> SqliteSessions::end_open(session::EndReason reason, WallTime now) try {
  return impl_->end_open(reason, now);
} catch (const std::exception& problem) {
  return unavailable(problem);
}

Status SqliteSessions::sync() try {
  impl_->sync();
  return {};
} catch (const std::exception& problem) {
  return unavailable(problem);
}

}  // namespace pbaas::store
