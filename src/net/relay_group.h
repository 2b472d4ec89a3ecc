// A RelayGroup is all relays of one session: what they counted together, and the one way to end
// them. Thread-safe: relays report from their own threads, the session's owner reads and closes
// from the loop. Held by shared_ptr, because a relay may outlive the session's owner by the time
// its Close takes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace pbaas::net {

struct CloseFrame {
  std::uint16_t code = 1000;
  std::string reason;  // at most 123 bytes, RFC 6455 §5.5
};

struct RelayCounters {
  std::atomic<std::uint64_t> messages_up{0};
  std::atomic<std::uint64_t> messages_down{0};
  std::atomic<std::uint64_t> bytes_up{0};
  std::atomic<std::uint64_t> bytes_down{0};
};

class RelayLoop;

class RelayGroup {
 public:
  // `on_last_left` is called, from a relay's thread, each time the number of open relays falls to
  // zero.
  explicit RelayGroup(const Clock& clock, std::function<void()> on_last_left = {});

  const RelayCounters& counters() const { return counters_; }
  // The last whole data message of any client; the group's creation before the first. Pings and
  // pongs do not count.
  Instant last_client_message() const;
  int open() const;
  // Sends each relay's client this Close at the next frame boundary, and ends the relay. Later
  // joiners get it at once.
  void close_all(CloseFrame frame);
  // What close_all was told, if it was.
  std::optional<CloseFrame> closing() const;
};

}  // namespace pbaas::net
