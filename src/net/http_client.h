// One HTTP request over a connection of its own, for the few small answers asked of a browser
// (/json/version and its kind). Loop thread only.
#pragma once

#include <string>

#include "base/clock.h"
#include "net/http.h"

namespace pbaas::net {

struct Endpoint {
  std::string host;  // an IP address
  int port = 0;
};

// Takes a body of up to 16 MiB. Not for HEAD, whose answer has a length and no body. Errors:
// kBrowserUnreachable, for no answer by the deadline and for an answer that cannot be read.
Task<Result<Response>> fetch(Endpoint endpoint, std::string method, std::string target,
                             Deadline deadline, const Clock& clock);

}  // namespace pbaas::net
