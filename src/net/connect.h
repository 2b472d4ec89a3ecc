// TCP connections to addresses of ours.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "net/byte_stream.h"
#include "net/endpoint.h"
#include "net/http.h"

namespace pbaas::net {

// Errors: kBrowserUnreachable, after two seconds too: a machine that is there answers at once.
Task<Result<ByteStream>> connect_to(std::string address, int port);

// The same with a TCP socket over IPv4 that was made elsewhere: in another network namespace, where
// the address is then looked for.
Task<Result<ByteStream>> connect_with(UniqueFd socket, std::string address, int port);

// The `dial` of an Endpoint; where that is empty, connect_to its host and port.
Task<Result<ByteStream>> connect_to(Endpoint endpoint);

// Whether nobody listens there: a machine that answers so is there, and the program is not.
// Everything else, a silence too, is false.
Task<bool> is_refused(std::string address, int port, Deadline deadline);

// "127.0.0.1:9222", "[::1]:9222"
std::string authority_of(const std::string& address, int port);

// Whether the text can stand as a target in a request line of ours. A blank or a line break would
// start a request of somebody else's choice.
bool is_plain_target(std::string_view target);

}  // namespace pbaas::net
