// What the connections of one session share: where its traffic goes, what it has counted, and its
// say in the log. The counts are read from any thread; the rest belongs to the session's one
// egress thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/host_port.h"
#include "egress/failure.h"
#include "session/upstream_proxy.h"

namespace pbaas::egress {

struct EgressSpec {
  std::string session;  // for the log; may be empty for a spare
  std::optional<session::UpstreamProxy> proxy{};
};

struct EgressCounts {
  std::uint64_t bytes_up = 0;     // to servers
  std::uint64_t bytes_down = 0;   // from servers
  std::uint64_t connections = 0;  // to servers, since the start
  std::uint64_t refusals = 0;
  bool operator==(const EgressCounts&) const = default;
};

// Written by one thread, read by any.
class EgressMeter {
 public:
  void count_up(std::uint64_t bytes) { up_.fetch_add(bytes, std::memory_order_relaxed); }
  void count_down(std::uint64_t bytes) { down_.fetch_add(bytes, std::memory_order_relaxed); }
  void count_connection() { connections_.fetch_add(1, std::memory_order_relaxed); }
  void count_refusal() { refusals_.fetch_add(1, std::memory_order_relaxed); }
  EgressCounts counts() const {
    return {
        .bytes_up = up_, .bytes_down = down_, .connections = connections_, .refusals = refusals_};
  }

 private:
  std::atomic<std::uint64_t> up_{0};
  std::atomic<std::uint64_t> down_{0};
  std::atomic<std::uint64_t> connections_{0};
  std::atomic<std::uint64_t> refusals_{0};
};

class EgressSession {
 public:
  // Meters of this session and of all sessions of the pool, which outlives this.
  EgressSession(EgressSpec spec, std::shared_ptr<EgressMeter> own, EgressMeter& all);

  // For connections from now on, and for the next request of those that are open.
  void assign(EgressSpec spec);
  // The session's own proxy, where this destination goes through it.
  const session::UpstreamProxy* upstream_for(const HostPort& destination) const;

  void count_up(std::uint64_t bytes);
  void count_down(std::uint64_t bytes);
  void count_connection();
  // Counts it, and logs it unless it has just logged many: a page can be refused a thousand times a
  // second. Host and port alone, never a path.
  void note_refusal(const Failure& failure, const HostPort& destination, Instant now);

 private:
  bool may_log(Instant now);

  EgressSpec spec_;
  std::shared_ptr<EgressMeter> own_;
  EgressMeter& all_;
  Instant window_start_{};
  int logged_ = 0;
  int unlogged_ = 0;
};

}  // namespace pbaas::egress
