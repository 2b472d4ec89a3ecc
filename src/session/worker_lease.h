// A worker's right to have sessions: it runs out unless the fleet takes a heartbeat from time to
// time. A worker whose lease has run out ends its own sessions as worker_lost and starts none until
// it is renewed, so that one that is cut off from everybody does not keep browsers for ever.
// Owned by the worker; loop thread only. Pure.
#pragma once

#include "base/clock.h"

namespace pbaas::session {

class WorkerLease {
 public:
  // Holds at first: whoever starts has no session yet, and the fleet may be away at that moment.
  WorkerLease(Duration length, Instant now) : length_(length), renewed_at_(now) {}

  // The fleet took a heartbeat that was sent at `sent`. The lease counts from there and not from
  // the answer, which may have been long on its way: others count from when the fleet got it. An
  // answer that was overtaken by a later one changes nothing.
  void renew(Instant sent) { renewed_at_ = std::max(renewed_at_, sent); }

  Instant renewed_at() const { return renewed_at_; }
  // The moment from which the worker must end its own sessions and must not start any.
  Instant ends_at() const { return renewed_at_ + length_; }
  bool holds(Instant now) const { return now < ends_at(); }

 private:
  Duration length_;
  Instant renewed_at_;
};

}  // namespace pbaas::session
