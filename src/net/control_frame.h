// The two control frames a server puts between a browser's frames, as bytes on the wire: RFC 6455
// §5.5. Pure.
#pragma once

#include <string>

#include "net/relay_group.h"

namespace pbaas::net {

// A reason of more than 123 bytes is cut at a character boundary.
std::string encode_close(const CloseFrame& frame);
// Empty: some clients (chromedp) never read a ping's payload, and take it for the next frame.
std::string encode_ping();

}  // namespace pbaas::net
