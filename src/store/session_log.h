// The record of every session: what the gateway lists, and what is left when a process is gone. Two
// implementations, SQLite and (with the fleet) PostgreSQL, pass one contract test.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "session/session.h"

namespace pbaas::store {

struct SessionQuery {
  std::string owner{};  // only this tenant's
  std::optional<session::SessionStatus> status{};
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
  // Done when everything recorded before it is on disk.
  virtual net::Task<Status> flush() = 0;
};

}  // namespace pbaas::store
