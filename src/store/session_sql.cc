#include "store/session_sql.h"

#include <algorithm>
#include <utility>

#include "store/session_rows.h"

namespace pbaas::store {
namespace {

using session::Session;

constexpr std::size_t kPageSizeMax = 200;
// A create is written a little after it began to wait, and its gateway ends it a little after its
// queue_timeout.
constexpr Duration kForgottenAfter{600'000};

// A statement under construction: `value` gives the next parameter's name.
class Builder {
 public:
  explicit Builder(std::string text) { statement_.text = std::move(text); }

  std::string value(SqlValue value) {
    statement_.values.push_back(std::move(value));
    return "$" + std::to_string(statement_.values.size());
  }
  std::string text(std::string_view shown) { return value(SqlValue{std::string(shown)}); }
  std::string value(WallTime time) {
    return value(SqlValue{std::int64_t{time.time_since_epoch().count()}});
  }

  Builder& operator<<(std::string_view text) {
    statement_.text += text;
    return *this;
  }

  SqlStatement done() { return std::move(statement_); }

 private:
  SqlStatement statement_;
};

// The rank of a status: the order in which a session passes through them.
std::string rank(const std::string& status) {
  return "CASE " + status +
         " WHEN 'queued' THEN 0 WHEN 'starting' THEN 1 WHEN 'running' THEN 2 ELSE 3 END";
}

// INSERT with the session's values, and `more` columns with theirs.
Builder insert(const Session& session, const std::string& more,
               const std::vector<SqlValue>& more_values) {
  Builder builder("INSERT INTO sessions (" + session_columns() + more + ") VALUES (");
  auto values = to_values(session);
  values.insert(values.end(), more_values.begin(), more_values.end());
  bool first = true;
  for (auto& each : values) {
    const auto name = builder.value(std::move(each));
    builder << (std::exchange(first, false) ? "" : ", ") << name;
  }
  builder << ") ";
  return builder;
}

// What every statement that ends rows does to them. A session that never ran gives its key back.
Builder end_rows(session::EndReason reason, WallTime now) {
  Builder builder("UPDATE sessions SET status = 'ended', ended_at = ");
  const auto at = builder.value(now);
  const auto word = builder.text(to_word(reason));
  builder << at << ", end_reason = " << word
          << ", connections = 0, idempotency_key = CASE WHEN status = 'running' THEN "
             "idempotency_key ELSE NULL END WHERE ";
  return builder;
}

// Written as in the index sessions_open_runs, so that it serves.
constexpr std::string_view kOnAWorker = "status IN ('starting', 'running')";

void add_metadata(Builder& builder, const std::pair<std::string, std::string>& tag) {
  const auto name = builder.text(tag.first);
  const auto text = builder.text(tag.second);
  builder << " AND session_tags.name = " << name << " AND session_tags.value = " << text;
}

void add_session_filters(Builder& builder, const SessionQuery& query) {
  if (query.status) {
    const auto word = builder.text(to_word(*query.status));
    builder << " AND sessions.status = " << word;
  }
  if (query.end_reason) {
    const auto word = builder.text(to_word(*query.end_reason));
    builder << " AND sessions.end_reason = " << word;
  }
  if (query.worker) {
    const auto worker = builder.text(*query.worker);
    builder << " AND sessions.worker = " << worker;
  }
}

// `created_at` and `id` are columns in the order of pages.
void add_range(Builder& builder, const SessionQuery& query, const std::optional<PageCursor>& after,
               const std::string& created_at, const std::string& id) {
  if (query.created_after) {
    const auto from = builder.value(*query.created_after);
    builder << " AND " << created_at << " >= " << from;
  }
  // Of two upper bounds the lower alone: PostgreSQL would start at either.
  const bool is_after_lower =
      after && (!query.created_before || after->created_at < *query.created_before);
  if (query.created_before && !is_after_lower) {
    const auto to = builder.value(*query.created_before);
    builder << " AND " << created_at << " < " << to;
  }
  if (is_after_lower) {
    const auto last_at = builder.value(after->created_at);
    const auto last_id = builder.text(after->id.text());
    builder << " AND (" << created_at << ", " << id << ") < (" << last_at << ", " << last_id << ")";
  }
}

}  // namespace

SqlStatement upsert_session(const Session& session) {
  auto builder = insert(session, "", {});
  // A row moves forward only: an ended one never changes, and others take no earlier status.
  builder << "ON CONFLICT (id) DO UPDATE SET status = excluded.status, options = excluded.options, "
             "worker = excluded.worker, worker_epoch = excluded.worker_epoch, "
             "debug_port = excluded.debug_port, browser_guid = excluded.browser_guid, "
             "warm = excluded.warm, "
             "end_reason = excluded.end_reason, end_detail = excluded.end_detail, "
             "started_at = excluded.started_at, ended_at = excluded.ended_at, "
             "expires_at = excluded.expires_at, connections = excluded.connections, "
             "messages_up = excluded.messages_up, messages_down = excluded.messages_down, "
             "bytes_up = excluded.bytes_up, bytes_down = excluded.bytes_down, "
             "egress_bytes_up = excluded.egress_bytes_up, "
             "egress_bytes_down = excluded.egress_bytes_down, cpu_ms = excluded.cpu_ms, "
             "peak_memory_bytes = excluded.peak_memory_bytes, "
             // Whoever asks again after a create that gave no browser gets another try.
             "idempotency_key = CASE WHEN excluded.end_reason IN ('launch_failed', 'abandoned') "
             "THEN NULL ELSE sessions.idempotency_key END WHERE sessions.status <> 'ended' AND "
          << rank("excluded.status") << " >= " << rank("sessions.status");
  return builder.done();
}

SqlStatement insert_under_key(const Session& session, const IdempotencyKey& key) {
  auto builder = insert(session, ", idempotency_key, request_hash", {key.key, key.request_hash});
  builder << "ON CONFLICT (owner, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING "
             "RETURNING id";
  return builder.done();
}

SqlStatement select_by_key(const IdempotencyKey& key) {
  Builder builder("SELECT " + session_columns() + ", request_hash FROM sessions WHERE owner = ");
  const auto owner = builder.text(key.owner);
  const auto text = builder.text(key.key);
  builder << owner << " AND idempotency_key = " << text;
  return builder.done();
}

SqlStatement insert_events(const SessionId& id, const EventKey& key) {
  return {
      "INSERT INTO session_events (epoch, seq, session_id, at, status, reason) "
      "SELECT $1, $2, id, created_at, 'queued', NULL FROM sessions WHERE id = $3 "
      "UNION ALL SELECT $1, $2 + 2, id, started_at, 'running', NULL FROM sessions "
      "WHERE id = $3 AND started_at IS NOT NULL "
      "UNION ALL SELECT $1, $2 + 3, id, ended_at, 'ended', end_reason FROM sessions "
      "WHERE id = $3 AND ended_at IS NOT NULL "
      "ON CONFLICT DO NOTHING",
      {key.epoch, key.seq, id.text()}};
}

SqlStatement select_session(const SessionId& id) {
  return {"SELECT " + session_columns() + " FROM sessions WHERE id = $1", {id.text()}};
}

std::size_t page_size(const SessionQuery& query) {
  return std::clamp<std::size_t>(query.limit, 1, kPageSizeMax);
}

SqlStatement select_page(const SessionQuery& query, const std::optional<PageCursor>& after) {
  Builder builder("SELECT " + session_columns("sessions.") + " FROM ");
  // The tags have an index in the order of pages, too. PostgreSQL takes the table of which it has
  // to look at fewer rows, so it is told the same of both; for SQLite a cross join says: the tags.
  if (query.metadata) builder << "session_tags CROSS JOIN ";
  const auto owner = builder.text(query.owner);
  builder << "sessions WHERE sessions.owner = " << owner;
  if (query.metadata) {
    builder << " AND session_tags.owner = " << owner
            << " AND session_tags.owner = sessions.owner"
               " AND session_tags.created_at = sessions.created_at"
               " AND session_tags.session_id = sessions.id";
    add_metadata(builder, *query.metadata);
    add_range(builder, query, after, "session_tags.created_at", "session_tags.session_id");
  }
  add_session_filters(builder, query);
  add_range(builder, query, after, "sessions.created_at", "sessions.id");
  const auto limit = builder.value(SqlValue{static_cast<std::int64_t>(page_size(query) + 1)});
  const std::string order = query.metadata
                                ? "session_tags.created_at DESC, session_tags.session_id DESC"
                                : "sessions.created_at DESC, sessions.id DESC";
  builder << " ORDER BY " << order << " LIMIT " << limit;
  return builder.done();
}

SqlStatement end_open_rows(session::EndReason reason, WallTime now) {
  auto builder = end_rows(reason, now);
  builder << "status <> 'ended' RETURNING id";
  return builder.done();
}

SqlStatement end_rows_of(const WorkerRun& run, session::EndReason reason, WallTime now) {
  auto builder = end_rows(reason, now);
  const auto worker = builder.text(run.worker);
  const auto epoch = builder.text(run.epoch);
  builder << kOnAWorker << " AND worker = " << worker << " AND worker_epoch = " << epoch
          << " RETURNING id";
  return builder.done();
}

SqlStatement end_forgotten_rows(WallTime now) {
  auto builder = end_rows(session::EndReason::kAbandoned, now);
  const auto written_before = builder.value(now - kForgottenAfter);
  // The first condition is for the index; the second looks at the few rows it leaves.
  builder << "status = 'queued' AND created_at < " << written_before
          << " AND created_at + 1000 * CAST(options ->> 'queue_timeout' AS BIGINT) < "
          << written_before << " RETURNING id";
  return builder.done();
}

SqlStatement select_open_runs() {
  Builder builder("SELECT DISTINCT worker, worker_epoch FROM sessions WHERE ");
  builder << kOnAWorker << " AND worker IS NOT NULL ORDER BY worker, worker_epoch";
  return builder.done();
}

SqlStatement select_open_rows(const WorkerRun& run) {
  Builder builder("SELECT id FROM sessions WHERE ");
  const auto worker = builder.text(run.worker);
  const auto epoch = builder.text(run.epoch);
  builder << kOnAWorker << " AND worker = " << worker << " AND worker_epoch = " << epoch;
  return builder.done();
}

SqlStatement select_ended(const std::vector<SessionId>& ids) {
  Builder builder("SELECT id FROM sessions WHERE status = 'ended' AND id IN (NULL");
  for (const auto& id : ids) {
    const auto name = builder.value(id.text());
    builder << ", " << name;
  }
  builder << ")";
  return builder.done();
}

}  // namespace pbaas::store
