// A Session as a row of the table `sessions`, both ways. Pure.
#pragma once

#include <string>
#include <vector>

#include "store/session_log.h"
#include "store/sql.h"

namespace pbaas::store {

// The columns in the order in which the values below are; each with `prefix` before it, such as
// "sessions.".
std::string session_columns(const std::string& prefix = "");
std::size_t session_column_count();

std::vector<SqlValue> to_values(const session::Session& session);
// Takes a row that begins with those columns. Errors: kStoreUnavailable, for what is no session.
Result<session::Session> to_session(const SqlRow& row);

}  // namespace pbaas::store
