// The statements of the session log, the same for SQLite and PostgreSQL. Pure.
#pragma once

#include <optional>
#include <vector>

#include "store/page_cursor.h"
#include "store/session_log.h"
#include "store/sql.h"

namespace pbaas::store {

// What one process writes is numbered, so that what it wrote is known again.
struct EventKey {
  std::string epoch;  // random at the start of the process
  std::int64_t seq = 0;
};

// How many numbers the events of one state take: one for each step.
inline constexpr std::int64_t kSeqsOfState = 4;

// Inserts or moves forward the row; changes nothing where it would go back.
SqlStatement upsert_session(const session::Session& session);
// Inserts the row under the key, and gives its id; nothing where the key is taken.
SqlStatement insert_under_key(const session::Session& session, const IdempotencyKey& key);
// The session that has the key, and after its columns the request's hash.
SqlStatement select_by_key(const IdempotencyKey& key);
// Notes the steps that the row has behind it and that are not noted yet.
SqlStatement insert_events(const SessionId& id, const EventKey& key);

SqlStatement select_session(const SessionId& id);
// A page, and one row more where there is another.
SqlStatement select_page(const SessionQuery& query, const std::optional<PageCursor>& after);

// Each ends rows and gives their ids.
SqlStatement end_open_rows(session::EndReason reason, WallTime now);
SqlStatement end_rows_of(const WorkerRun& run, session::EndReason reason, WallTime now);
SqlStatement end_forgotten_rows(WallTime now);

SqlStatement select_open_runs();
SqlStatement select_open_rows(const WorkerRun& run);
// Those of `ids` that are ended.
SqlStatement select_ended(const std::vector<SessionId>& ids);

// How many sessions the page of a query has at most.
std::size_t page_size(const SessionQuery& query);

}  // namespace pbaas::store
