// A TCP connection to an address of ours.
#pragma once

#include <string>

#include "net/byte_stream.h"
#include "net/http.h"

namespace pbaas::net {

// Errors: kBrowserUnreachable. Takes as long as TCP does: see finish_by.
Task<Result<ByteStream>> connect_to(std::string address, int port);

// "127.0.0.1:9222", "[::1]:9222"
std::string authority_of(const std::string& address, int port);

// Whether the text can stand as a target in a request line of ours. A blank or a line break would
// start a request of somebody else's choice.
bool is_plain_target(std::string_view target);

}  // namespace pbaas::net
