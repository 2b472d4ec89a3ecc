// The recordings in a SQL database, the same for SQLite and PostgreSQL. Each call blocks until it
// is done; one thread at a time. The database must outlive it.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "store/recording_log.h"
#include "store/sql.h"

namespace pbaas::store {

class RecordingTable {
 public:
  explicit RecordingTable(SqlDatabase& database) : database_(database) {}

  // As those of RecordingLog.
  Result<bool> note(const Recording& recording);
  Result<std::vector<Recording>> of(const SessionId& session);
  Result<std::optional<Recording>> remove(const SessionId& session, const std::string& name,
                                          RecordingKind kind, WallTime now);
  Result<std::vector<Recording>> outlived(std::chrono::seconds lifetime,
                                          const std::optional<Recording>& behind,
                                          std::size_t count);

 private:
  SqlDatabase& database_;
};

}  // namespace pbaas::store
