// The way to one destination: the addresses that may be connected to, one after the other, until
// one takes the connection. It connects to exactly the addresses it checked; a name is never
// resolved again in between. It waits for nothing itself: its caller watches the socket.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/host_port.h"
#include "base/unique_fd.h"
#include "egress/failure.h"
#include "egress/policy.h"
#include "egress/resolver.h"

namespace pbaas::egress {

// Both ask the kernel's routes, and send nothing.
bool has_route_to(const IpAddress& address);
// Whether connections to this address end at this machine, or may.
bool is_own_address(const IpAddress& address);

// "localhost" and names below it are loopback, and no resolver is asked (RFC 6761).
std::optional<std::vector<IpAddress>> known_addresses(const HostPort& destination);

class Dial {
 public:
  // `policy` outlives it.
  Dial(HostPort destination, const EgressPolicy& policy)
      : destination_(std::move(destination)), policy_(policy) {}

  const HostPort& destination() const { return destination_; }
  // Once, before next(). Leaves out every address that the policy refuses.
  void take(const Resolved& resolved);
  // Begins to connect to the next address; an invalid descriptor where there is none left, and then
  // failure() says why.
  UniqueFd next();
  bool has_more() const { return next_ < addresses_.size(); }

  enum class Progress { kWaiting, kConnected, kFailed };
  // What the socket of next() has come to.
  Progress progress(int fd);
  void note_timeout() { failure_ = {FailureKind::kConnectionTimeout}; }

  const Failure& failure() const { return failure_; }

 private:
  HostPort destination_;
  const EgressPolicy& policy_;
  std::vector<IpAddress> addresses_;
  std::size_t next_ = 0;
  Failure failure_{FailureKind::kNameNotFound};
};

}  // namespace pbaas::egress
