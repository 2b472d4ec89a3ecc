// One HTTP request over a connection of its own, for the small answers asked of a browser
// (/json/version and its kind) and of a worker. Loop thread only.
#pragma once

#include <string>

#include "base/clock.h"
#include "net/connect.h"
#include "net/http.h"

namespace pbaas::net {

struct Outgoing {
  std::string method = "GET";
  std::string target;
  Headers headers{};
  std::string body{};
};

// Takes a body of up to 16 MiB. Not for HEAD, whose answer has a length and no body. Errors:
// kBrowserUnreachable, for no answer by the deadline and for an answer that cannot be read.
Task<Result<Response>> fetch(Endpoint endpoint, Outgoing request, Deadline deadline,
                             const Clock& clock);

}  // namespace pbaas::net
