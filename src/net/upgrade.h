// The browser's half of a WebSocket handshake: connects, passes the client's key on, and reads the
// 101, so that client and browser hold one WebSocket between them.
#pragma once

#include <string>

#include "base/clock.h"
#include "net/byte_stream.h"
#include "net/http.h"

namespace pbaas::net {

struct BrowserSide {
  ByteStream stream;  // what it has buffered came behind the head
  std::string head;   // the 101 as received
};

// Errors: kNoSuchTarget where the browser refuses a page's endpoint; what a worker answers; else
// kBrowserUnreachable.
Task<Result<BrowserSide>> open_browser_side(const UpgradeTarget& target, const Request& request,
                                            Deadline deadline);

}  // namespace pbaas::net
