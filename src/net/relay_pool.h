// The relay's front door: a pool of threads, each with its own epoll loop, which move bytes between
// clients and browsers once the WebSocket handshake is done. A relay lives and dies on the thread
// it was given to. See docs/adr/.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "net/relay_endpoint.h"
#include "net/relay_group.h"
#include "net/relay_totals.h"

namespace pbaas::net {

struct RelayStart {
  UniqueFd client;         // connected TCP, non-blocking, after the 101
  UniqueFd browser;        // connected TCP, non-blocking, after the 101
  std::string to_browser;  // read beyond the client's head: sent first
  std::string to_client;   // read beyond the browser's head: sent first
  RelayEndpoint endpoint = RelayEndpoint::kBrowser;
  std::shared_ptr<RelayGroup> group;
  std::optional<RelaySeat> seat{};  // kept until the relay's end; without one there is no limit
};

struct RelayLimits {
  Duration ping_after_silence{20'000};
  Duration slow_reader_max{60'000};
  Duration close_grace{2'000};  // for the rest of a frame, and for the client's answer to our Close
  Duration browser_end_grace{2'000};  // for the session's owner to say why the browser left
  Duration tick{250};  // how often the times above are looked at, while there are relays
  std::uint64_t message_up_bytes_max = 100ull << 20;  // Chromium drops the connection above it
};

class RelayPool {
 public:
  RelayPool(int threads, const Clock& clock, RelayLimits limits);
  ~RelayPool();  // Ends every relay (1012) and joins the threads.

  // Hands the relay to the least busy thread. Never blocks; from any thread. The group counts it as
  // open before this returns.
  void start(RelayStart start);
  std::size_t open() const;
  RelayTotals totals() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbaas::net
