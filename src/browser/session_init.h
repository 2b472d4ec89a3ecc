// What the program and a browser's init say to each other. The init is the first process inside a
// browser's namespaces; it starts Chromium, reaps, and makes sockets there, which the program
// cannot. One socket pair (SOCK_SEQPACKET) for each browser: a message per packet, with at most one
// descriptor. The init is a small program of its own, so this header needs nothing but the
// standard library.
#pragma once

#include <cstdint>

namespace pbaas::browser {

// Descriptors of the init; 0 to 2 are as usual, and Chromium keeps 3 and 4.
inline constexpr int kInitControlFd = 5;
// The init itself, as a file in memory, so that its path need not be seen inside.
inline constexpr int kInitProgramFd = 6;

// Where the egress proxy listens inside, on loopback. The namespace is the browser's alone, so that
// any number will do.
inline constexpr int kEgressPort = 3128;
// Sockets that the init sends unasked, so that a client finds one there.
inline constexpr int kSocketsAhead = 2;
// In place of Chromium's command: tries whether Chromium's own sandbox can be made inside.
inline constexpr char kInitTrial[] = "--try-sandbox";

enum class InitSays : std::int32_t {
  kBrowser = 1,  // from Chromium's process before its exec: its sender is Chromium
  kEgress,       // with the listening socket
  kSocket,       // with an unconnected TCP socket
  kNoNetwork,    // value: errno; the namespace has loopback alone
  kEnded,        // value: Chromium's wait status; nothing comes after it
  kDiskFull,     // value: MiB; Chromium is killed
};

struct InitMessage {
  InitSays says{};
  std::int32_t value = 0;
};

// The other way goes one byte for each socket that is wanted.
inline constexpr char kWantSocket = 's';

}  // namespace pbaas::browser
