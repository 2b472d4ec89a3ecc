// The client's half of a WebSocket handshake, RFC 6455 §4.2.1, checked without I/O.
#pragma once

#include <optional>
#include <string_view>

#include "net/http.h"

namespace pbaas::net {

// Whether a comma-separated header holds the token; case does not count.
bool has_token(const Headers& headers, std::string_view name, std::string_view token);
bool asks_for_websocket(const Headers& headers);

// What to answer instead of a 101, where the handshake is not one.
std::optional<Response> refuse_handshake(const Request& request);

}  // namespace pbaas::net
