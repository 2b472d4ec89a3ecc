// A Session as a row of the table `sessions`, both ways. For sqlite_sessions.cc alone.
#pragma once

#include <string>

#include "session/session.h"

namespace SQLite {
class Statement;
}

namespace pbaas::store {

// The columns in the order in which `bind_session` binds and `read_session` reads them.
inline constexpr const char* kSessionColumns =
    "id, owner, status, options, worker, debug_port, browser_guid, end_reason, end_detail, "
    "created_at, "
    "started_at, ended_at, expires_at, connections, messages_up, messages_down, bytes_up, "
    "bytes_down";
inline constexpr int kSessionColumnCount = 18;

// Binds parameters 1 to kSessionColumnCount.
void bind_session(SQLite::Statement& statement, const session::Session& session);
// Reads columns 0 to kSessionColumnCount - 1. Throws std::runtime_error for what is no session.
session::Session read_session(SQLite::Statement& statement);

}  // namespace pbaas::store
