// The sessions in a SQL database: what each call of the log does there, the same for SQLite and
// PostgreSQL. Each call blocks until it is done; one thread at a time. The database must outlive
// it.
#pragma once

#include <functional>
#include <vector>

#include "store/session_log.h"
#include "store/session_sql.h"
#include "store/sql.h"

namespace pbaas::store {

// A state of a session, and the number under which its process wrote it.
struct WrittenState {
  session::Session session;
  EventKey key;
};

class SessionTable {
 public:
  // `next_key` numbers what the calls write themselves, beside `write`.
  SessionTable(SqlDatabase& database, std::function<EventKey()> next_key)
      : database_(database), next_key_(std::move(next_key)) {}

  // Writes all of them in one transaction; each moves its row forward or changes nothing.
  Status write(const std::vector<WrittenState>& states);
  Result<std::optional<IdempotentSession>> insert_once(const session::Session& session,
                                                       const IdempotencyKey& key);
  Result<session::Session> find(const SessionId& id);
  Result<SessionPage> list(const SessionQuery& query);
  Result<std::size_t> end_open(session::EndReason reason, WallTime now);

  Result<std::vector<WorkerRun>> open_runs();
  Result<std::vector<SessionId>> end_run(const WorkerRun& run, session::EndReason reason,
                                         WallTime now);
  Result<std::vector<SessionId>> end_forgotten(WallTime now);
  Result<RunRows> rows_of(const WorkerRun& run, const std::vector<SessionId>& held);

  // For the tables beside it.
  SqlDatabase& database() { return database_; }

 private:
  // Runs a statement that ends rows, and notes each end.
  Result<std::vector<SessionId>> end_rows(const SqlStatement& statement);
  Result<std::optional<IdempotentSession>> find_by_key(const IdempotencyKey& key);

  SqlDatabase& database_;
  std::function<EventKey()> next_key_;
};

}  // namespace pbaas::store
