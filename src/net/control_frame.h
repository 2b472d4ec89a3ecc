// The control frames that a relay of ours puts between the frames of others, as bytes on the wire:
// RFC 6455 §5.5. Pure.
#pragma once

#include <cstdint>
#include <string>

#include "net/relay_group.h"

namespace pbaas::net {

// A reason of more than 123 bytes is cut at a character boundary.
std::string encode_close(const CloseFrame& frame);
// What a client sends when it leaves: masked, as its frames must be. The mask is zero, because it
// goes to a relay of ours alone.
std::string encode_client_close(std::uint16_t code);
// Empty: some clients (chromedp) never read a ping's payload, and take it for the next frame.
std::string encode_ping();

}  // namespace pbaas::net
