// The egress proxy: a pool of threads that serve the listening sockets of sessions. A browser in a
// network namespace with no way out connects to its session's socket, and from here, outside, its
// bytes go where the policy lets them. One session is one thread's, so that one cannot take all.
#pragma once

#include <cstddef>
#include <memory>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "egress/egress_session.h"
#include "egress/limits.h"
#include "egress/policy.h"
#include "egress/resolver.h"

namespace pbaas::egress {

// One session's way out. Its destruction closes the listening socket and ends all its connections,
// soon after on their thread. From any thread; it may outlive the pool.
class SessionEgress {
 public:
  SessionEgress(const SessionEgress&) = delete;
  ~SessionEgress();

  // Whose traffic it is from now on, as when a spare is handed over. What is open is closed.
  void assign(EgressSpec spec);
  EgressCounts counts() const;

 private:
  friend class EgressPool;
  struct Parts;
  explicit SessionEgress(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

class EgressPool {
 public:
  // `clock` and `resolver` outlive it. Throws std::system_error where the kernel has no descriptors
  // left.
  EgressPool(int threads, const Clock& clock, Resolver& resolver, EgressPolicy policy,
             EgressLimits limits = {});
  ~EgressPool();  // Ends every connection and joins.

  // `listener` is a listening TCP socket; in which network namespace it was made is all the same,
  // and so are its address and port. From any thread.
  std::unique_ptr<SessionEgress> serve(UniqueFd listener, EgressSpec spec);

  EgressCounts totals() const;  // of all sessions since the start
  std::size_t open() const;     // connections of browsers now

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbaas::egress
