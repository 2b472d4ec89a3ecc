// The record of every session: what the gateway lists, and what is left when a process is gone. Two
// implementations, SQLite and (with the fleet) PostgreSQL, pass one contract test.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "session/session.h"
#include "session/worker_run.h"

namespace pbaas::store {

using session::WorkerRun;

// Every field that is set narrows the list.
struct SessionQuery {
  std::string owner{};  // only this tenant's
  std::optional<session::SessionStatus> status{};
  std::optional<session::EndReason> end_reason{};
  std::optional<std::string> worker{};
  std::optional<WallTime> created_after{};                        // at or after
  std::optional<WallTime> created_before{};                       // before
  std::optional<std::pair<std::string, std::string>> metadata{};  // a name and its value
  std::size_t limit = 50;
  std::optional<std::string> cursor{};  // as a former page gave it; opaque
};

struct SessionPage {
  std::vector<session::Session> sessions;  // newest first
  std::optional<std::string> next_cursor;
};

// A key a client chose so that a repeated create gives the same session, and what it asked for
// then.
struct IdempotencyKey {
  std::string owner;
  std::string key;
  std::string request_hash;
};

struct IdempotentSession {
  session::Session session;
  std::string request_hash;
};

// What the log holds of a run of a worker, beside what the worker says it has.
struct RunRows {
  std::vector<SessionId> open;   // of that run, and not ended in the log
  std::vector<SessionId> ended;  // of those the worker has: ended in the log
};

// For the service's metrics.
struct SessionLogStats {
  std::size_t pending = 0;  // states in memory alone
  std::uint64_t written = 0;
  std::uint64_t coalesced = 0;       // states replaced by a newer one before they were written
  std::uint64_t failed_batches = 0;  // each is tried again
  std::uint64_t refused = 0;         // states the database does not take; set aside on disk
  std::uint64_t lost = 0;            // states dropped since neither disk nor memory had room
  std::size_t spool_bytes = 0;       // on disk, waiting for the database
  bool away = false;                 // the database does not answer
};

// Called on the loop; the work is done on the store's own thread, in order. Errors:
// kStoreUnavailable, kInvalidQuery (cursor), kNoSuchSession.
class SessionLog {
 public:
  virtual ~SessionLog() = default;

  // Writes the whole session as it is now. Returns at once; what cannot be written is logged and
  // counted, never thrown. A row only moves forward: a write that would take it back (or end it a
  // second time) changes nothing.
  virtual void record(const session::Session& session) = 0;
  // Inserts a new session under the key, or gives the session that already has it (and the hash of
  // its request).
  // A key is free again once its session ended without having run.
  virtual net::Task<Result<std::optional<IdempotentSession>>> insert_once(
      const session::Session& session, const IdempotencyKey& key) = 0;
  virtual net::Task<Result<session::Session>> find(const SessionId& id) = 0;
  virtual net::Task<Result<SessionPage>> list(const SessionQuery& query) = 0;
  // Ends all sessions that are open in the log, for a process that starts and so knows that none
  // is. Gives their number.
  virtual net::Task<Result<std::size_t>> end_open(session::EndReason reason, WallTime now) = 0;

  // Runs of workers that have open sessions (starting or running), each once.
  virtual net::Task<Result<std::vector<WorkerRun>>> open_runs() = 0;
  // Ends the open sessions of a run whose worker is gone. Whoever of several callers ends a row
  // gets its id, and nobody else does.
  virtual net::Task<Result<std::vector<SessionId>>> end_run(const WorkerRun& run,
                                                            session::EndReason reason,
                                                            WallTime now) = 0;
  // Ends, as abandoned, the creates that still wait in the log although they cannot any more: their
  // queue_timeout and ten minutes have passed since they were created, so their gateway is gone.
  // The clocks of gateways must agree within those.
  virtual net::Task<Result<std::vector<SessionId>>> end_forgotten(WallTime now) = 0;
  virtual net::Task<Result<RunRows>> rows_of(const WorkerRun& run,
                                             const std::vector<SessionId>& held) = 0;

  // Done when everything recorded before it outlives this process, though not yet a loss of power:
  // for whoever tells a client. Waits for a disk, never for a database elsewhere. Where it cannot
  // be written it is done too: that is logged and tried again, as ever.
  virtual net::Task<void> written() = 0;
  // Done when everything recorded before it is in the database, or, where that is away, safe on
  // disk to be delivered later.
  virtual net::Task<Status> flush() = 0;
  virtual SessionLogStats stats() const = 0;
};

}  // namespace pbaas::store
