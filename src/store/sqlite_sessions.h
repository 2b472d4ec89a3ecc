// The sessions in a SQLite database, for one thread at a time: each call blocks until it is done.
// What goes wrong in the database is kStoreUnavailable.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/session_log.h"

namespace pbaas::store {

class SqliteSessions {
 public:
  // Makes the folder and the database where there are none, and brings its schema up to date.
  static Result<std::unique_ptr<SqliteSessions>> open(const std::string& path);
  ~SqliteSessions();

  // Writes all of them in one transaction; each moves its row forward or changes nothing.
  Status write(const std::vector<session::Session>& sessions);
  Result<std::optional<IdempotentSession>> insert_once(const session::Session& session,
                                                       const IdempotencyKey& key);
  Result<session::Session> find(const SessionId& id);
  Result<SessionPage> list(const SessionQuery& query);
  Result<std::size_t> end_open(session::EndReason reason, WallTime now);
  // What was written survives the loss of power from now on; that of the process it survives
  // anyway.
  Status sync();

 private:
  class Impl;
  explicit SqliteSessions(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbaas::store
