// A line of packets to a child process: what is sent at one end arrives at the other whole, or not.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace pbaas::browser {

struct PacketEnds {
  UniqueFd ours;
  UniqueFd theirs;
};

// Of a SOCK_SEQPACKET socket pair, both closed on exec. Errors: kLaunchFailed.
Result<PacketEnds> make_packet_ends();

}  // namespace pbaas::browser
