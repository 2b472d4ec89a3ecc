// A Response as the bytes of its head. Pure.
#pragma once

#include <string>

#include "net/http.h"

namespace pbaas::net {

enum class Connection { kKeepAlive, kClose };

// Adds what every response has: Content-Length, Connection where it matters, nosniff, no-store. A
// line break in a value would be a header of somebody else's choice, so control characters become
// blanks.
std::string head_text(const Response& response, Connection connection);

// Whether the status has a body at all: 204 and 304 have none.
bool has_body(int status);

}  // namespace pbaas::net
