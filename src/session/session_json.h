// A session as the API shows it. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string_view>

#include "session/session.h"

namespace pbaas::session {

// The body of `GET /session/{id}`: every field is always there, null where it has no value. URLs
// begin with `public_http_base`, such as "https://host:8000", without a slash at its end, and are
// null once the session has ended.
boost::json::object to_json(const Session& session, std::string_view public_http_base);

}  // namespace pbaas::session
