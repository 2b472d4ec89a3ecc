// A session's whole record as JSON, for our own processes and files: the control API between
// gateway and worker, and the session log's spool. Pure. What clients see is session_json.
#pragma once

#include <boost/json/object.hpp>

#include "base/error.h"
#include "session/session.h"

namespace pbaas::session {

// With `Secrets::kShown` a session's proxy is as it was given, for the worker that starts its
// browser; what is written to a disk has its user and password masked.
boost::json::object to_record(const Session& session, Secrets secrets = Secrets::kMasked);
// Reads back exactly that. Errors: kMalformedJson, naming the field.
Result<Session> session_from_record(const boost::json::object& record);

}  // namespace pbaas::session
