// Every number that bounds what one session can make the egress proxy hold or wait for.
#pragma once

#include <cstddef>

#include "base/clock.h"

namespace pbaas::egress {

struct EgressLimits {
  // Chromium has at most 256 sockets for pages and 255 for WebSockets.
  std::size_t connections_max = 512;  // open at once, of one session
  // Names looked up at once, of one session, those of connections included that are gone by now.
  std::size_t lookups_max = 128;
  Duration head_max{15'000};   // a request's head, from its first byte
  Duration idle_max{300'000};  // between requests; Chromium drops idle sockets after as long
  Duration resolve_max{15'000};
  Duration attempt_max{3'000};          // one address, where there are more to try
  Duration connect_max{30'000};         // all addresses of a name
  Duration handshake_max{20'000};       // with the session's own proxy, which connects meanwhile
  Duration answer_max{300'000};         // to the response's head, from the last byte of the request
  Duration stall_max{600'000};          // one end takes or sends nothing in the middle of a message
  Duration tunnel_idle_max{3'600'000};  // nothing either way; a WebSocket may be as quiet
  Duration half_closed_max{60'000};     // nothing more from the one end that is still open
  Duration linger_max{10'000};          // for a client to read our last words
  Duration tick{250};                   // how often the times above are looked at
};

}  // namespace pbaas::egress
