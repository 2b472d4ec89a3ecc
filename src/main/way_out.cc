#include "main/way_out.h"

namespace pbaas {

Result<std::unique_ptr<WayOut>> WayOut::create(const Config& config) {
  auto policy = egress::EgressPolicy::parse(config.egress_allow);
  if (!policy) return policy.error();
  return std::unique_ptr<WayOut>(new WayOut(std::move(*policy)));
}

void WayOut::start(const Clock& clock, int threads) {
  resolver_ = std::make_unique<egress::CaresResolver>();
  pool_ = std::make_unique<egress::EgressPool>(threads, clock, *resolver_, policy_);
}

std::unique_ptr<egress::SessionEgress> WayOut::open(egress::EgressSpec spec, UniqueFd listener) {
  if (!pool_) return nullptr;
  return pool_->serve(std::move(listener), std::move(spec));
}

}  // namespace pbaas
