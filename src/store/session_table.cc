#include "store/session_table.h"

#include <algorithm>
#include <utility>

#include "store/session_rows.h"

namespace pbaas::store {

using session::Session;

namespace {

// Databases limit the parameters of a statement: SQLite to 32,766, PostgreSQL to 65,535.
constexpr std::size_t kIdsOfStatementMax = 1000;
// The key may be given up just after the insert met it, and be taken again before the next.
constexpr int kInsertTriesMax = 5;

Result<std::vector<SessionId>> to_ids(const Result<SqlRows>& rows) {
  if (!rows) return rows.error();
  std::vector<SessionId> ids;
  for (const auto& row : *rows) {
    const auto id = SessionId::parse(row.at(0).value_or(""));
    if (!id) return Error{Fault::kStoreUnavailable, "the session log has a row with a bad id"};
    ids.push_back(*id);
  }
  return ids;
}

}  // namespace

Status SessionTable::write(const std::vector<WrittenState>& states) {
  std::vector<SqlStatement> statements;
  for (const auto& each : states) {
    statements.push_back(upsert_session(each.session));
    statements.push_back(insert_events(each.session.id, each.key));
  }
  auto transaction = SqlTransaction::begin(database_);
  if (!transaction) return transaction.error();
  if (const auto ran = database_.run_all(statements); !ran) return ran;
  return transaction->commit();
}

Result<std::optional<IdempotentSession>> SessionTable::find_by_key(const IdempotencyKey& key) {
  const auto rows = database_.query(select_by_key(key));
  if (!rows) return rows.error();
  if (rows->empty()) return std::optional<IdempotentSession>{};
  const auto& row = rows->front();
  auto session = to_session(row);
  if (!session) return session.error();
  auto hash = row.at(session_column_count()).value_or("");
  return std::optional(IdempotentSession{std::move(*session), std::move(hash)});
}

Result<std::optional<IdempotentSession>> SessionTable::insert_once(const Session& session,
                                                                   const IdempotencyKey& key) {
  for (int tries = 0; tries < kInsertTriesMax; ++tries) {
    auto transaction = SqlTransaction::begin(database_);
    if (!transaction) return transaction.error();
    const auto inserted = database_.query(insert_under_key(session, key));
    if (!inserted) return inserted.error();
    if (!inserted->empty()) {
      const auto noted = database_.run_all({insert_events(session.id, next_key_())});
      if (!noted) return noted.error();
      if (const auto committed = transaction->commit(); !committed) return committed.error();
      return std::optional<IdempotentSession>{};
    }
    auto existing = find_by_key(key);
    if (!existing) return existing;
    // The session itself: a try before this one was done after all, and its answer lost.
    if (*existing && (*existing)->session.id == session.id)
      return std::optional<IdempotentSession>{};
    if (*existing) return existing;
  }
  return Error{Fault::kStoreUnavailable, "the Idempotency-Key is given up and taken all the time",
               "", 1};
}

Result<Session> SessionTable::find(const SessionId& id) {
  const auto rows = database_.query(select_session(id));
  if (!rows) return rows.error();
  if (rows->empty()) return Error{Fault::kNoSuchSession, "there is no session " + id.text()};
  return to_session(rows->front());
}

Result<SessionPage> SessionTable::list(const SessionQuery& query) {
  std::optional<PageCursor> after;
  if (query.cursor) {
    after = decode_cursor(*query.cursor);
    if (!after) {
      return Error{Fault::kInvalidQuery,
                   "cursor is not one this service gave; leave it out to start anew", "cursor"};
    }
  }
  const auto rows = database_.query(select_page(query, after));
  if (!rows) return rows.error();
  SessionPage page;
  const auto count = std::min(rows->size(), page_size(query));
  for (std::size_t n = 0; n < count; ++n) {
    auto session = to_session((*rows)[n]);
    if (!session) return session.error();
    page.sessions.push_back(std::move(*session));
  }
  if (rows->size() == count) return page;
  const auto& last = page.sessions.back();
  page.next_cursor = encode_cursor({last.created_at, last.id});
  return page;
}

Result<std::vector<SessionId>> SessionTable::end_rows(const SqlStatement& statement) {
  auto transaction = SqlTransaction::begin(database_);
  if (!transaction) return transaction.error();
  auto ids = to_ids(database_.query(statement));
  if (!ids) return ids.error();
  std::vector<SqlStatement> events;
  for (const auto& id : *ids) events.push_back(insert_events(id, next_key_()));
  if (const auto noted = database_.run_all(events); !noted) return noted.error();
  if (const auto committed = transaction->commit(); !committed) return committed.error();
  return ids;
}

Result<std::size_t> SessionTable::end_open(session::EndReason reason, WallTime now) {
  const auto ids = end_rows(end_open_rows(reason, now));
  if (!ids) return ids.error();
  return ids->size();
}

Result<std::vector<WorkerRun>> SessionTable::open_runs() {
  const auto rows = database_.query(select_open_runs());
  if (!rows) return rows.error();
  std::vector<WorkerRun> runs;
  for (const auto& row : *rows) runs.push_back({row.at(0).value_or(""), row.at(1).value_or("")});
  return runs;
}

Result<std::vector<SessionId>> SessionTable::end_run(const WorkerRun& run,
                                                     session::EndReason reason, WallTime now) {
  return end_rows(end_rows_of(run, reason, now));
}

Result<std::vector<SessionId>> SessionTable::end_forgotten(WallTime now) {
  return end_rows(end_forgotten_rows(now));
}

Result<RunRows> SessionTable::rows_of(const WorkerRun& run, const std::vector<SessionId>& held) {
  RunRows found;
  auto open = to_ids(database_.query(select_open_rows(run)));
  if (!open) return open.error();
  found.open = std::move(*open);
  for (std::size_t from = 0; from < held.size(); from += kIdsOfStatementMax) {
    const auto to = std::min(held.size(), from + kIdsOfStatementMax);
    const auto first = held.begin() + static_cast<std::ptrdiff_t>(from);
    const auto last = held.begin() + static_cast<std::ptrdiff_t>(to);
    const auto ended = to_ids(database_.query(select_ended({first, last})));
    if (!ended) return ended.error();
    found.ended.insert(found.ended.end(), ended->begin(), ended->end());
  }
  return found;
}

}  // namespace pbaas::store
