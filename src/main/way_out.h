// The way out of browsers with a sandbox: the egress proxy that serves them, and what it may reach.
// Loop thread; its own threads start with `start`.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/config.h"
#include "base/unique_fd.h"
#include "egress/cares_resolver.h"
#include "egress/egress_pool.h"

namespace pbaas {

class WayOut {
 public:
  // Errors: kInvalidField, where EGRESS_ALLOW cannot be read.
  static Result<std::unique_ptr<WayOut>> create(const Config& config);

  // After the launcher was made, which forks. `clock` outlives it.
  void start(const Clock& clock, int threads);
  // Serves a browser, whose socket it is, until what it gives is gone; nothing before `start`.
  std::unique_ptr<egress::SessionEgress> open(egress::EgressSpec spec, UniqueFd listener);
  // Of all sessions since the start, and the connections there are now.
  egress::EgressCounts totals() const { return pool_ ? pool_->totals() : egress::EgressCounts(); }
  std::size_t connections() const { return pool_ ? pool_->open() : 0; }

 private:
  explicit WayOut(egress::EgressPolicy policy) : policy_(std::move(policy)) {}

  egress::EgressPolicy policy_;
  std::unique_ptr<egress::CaresResolver> resolver_;
  std::unique_ptr<egress::EgressPool> pool_;
};

}  // namespace pbaas
