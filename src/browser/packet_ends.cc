#include "browser/packet_ends.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace pbaas::browser {

Result<PacketEnds> make_packet_ends() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0)
    return PacketEnds{UniqueFd(ends[0]), UniqueFd(ends[1])};
  return Error{Fault::kLaunchFailed, std::string("socketpair: ") + std::strerror(errno)};
}

}  // namespace pbaas::browser
