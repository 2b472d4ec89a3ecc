// What a browser's init is told once, by whoever started it: which program to become the parent of.
// It may be told long after its start, so that the namespaces are there before anybody asks for a
// browser. The init is a small program of its own, so this needs nothing but the standard library.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace pbaas::browser {

// The init's end of the socket pair (SOCK_SEQPACKET) on which it is told.
inline constexpr int kInitOrderFd = 7;
// The kernel takes packets of this size whole.
inline constexpr std::size_t kInitOrderBytesMax = 64 * 1024;

struct InitOrder {
  std::vector<std::string> command;
  std::vector<std::string> environment;  // "NAME=value"
};

// Chromium's fd 3, its fd 4, its stderr, and the control socket of its init (session_init.h).
inline constexpr std::size_t kInitOrderFds = 4;
using InitOrderFds = std::array<int, kInitOrderFds>;

// No word and no variable has a NUL byte in it.
std::string to_bytes(const InitOrder& order);
InitOrder init_order_from(std::string_view bytes);

// Does not wait. False with errno: the init is gone, or the kernel takes no descriptors now.
bool send_init_order(int socket, const InitOrder& order, const InitOrderFds& fds);
// Waits. False where nobody is left who could order anything, or a descriptor was lost.
bool receive_init_order(int socket, InitOrder& order, std::array<UniqueFd, kInitOrderFds>& fds);

}  // namespace pbaas::browser
