// One packet of a Unix socket, with file descriptors beside it (SCM_RIGHTS). Needs nothing but the
// standard library, as small programs use it, too.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <vector>

#include "base/unique_fd.h"

namespace pbaas {

inline constexpr std::size_t kPassedFdsMax = 4;

// At most kPassedFdsMax descriptors, which stay the caller's. `flags` as for sendmsg. False with
// errno. A signal is no reason to end.
bool send_passing(int socket, std::span<const std::byte> bytes, std::span<const int> fds,
                  int flags);

struct Passed {
  ssize_t bytes = -1;  // 0: the other end is closed; -1: none, with errno
  std::vector<UniqueFd> fds;
  pid_t sender = 0;  // where the socket has SO_PASSCRED
};

// What does not fit into `into` is lost, and so are descriptors that this process has no room for.
Passed receive_passed(int socket, std::span<std::byte> into, int flags);

}  // namespace pbaas
