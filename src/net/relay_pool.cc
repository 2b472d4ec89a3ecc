#include "net/relay_pool.h"

#include <algorithm>
#include <vector>

#include "net/relay_loop.h"

namespace pbaas::net {

class RelayPool::Impl {
 public:
  std::vector<std::unique_ptr<RelayLoop>> loops;
};

RelayPool::RelayPool(int threads, const Clock& clock, RelayLimits limits)
    : impl_(std::make_unique<Impl>()) {
  for (int i = 0; i < std::max(threads, 1); ++i) {
    const std::string name = "relay-" + std::to_string(i);
    impl_->loops.push_back(std::make_unique<RelayLoop>(name, clock, limits));
  }
}

RelayPool::~RelayPool() {
  // All are told first, so that their graces run side by side.
  for (const auto& loop : impl_->loops) loop->stop();
}

void RelayPool::start(RelayStart start) {
  const auto busier = [](const auto& a, const auto& b) { return a->open() < b->open(); };
  (*std::ranges::min_element(impl_->loops, busier))->start(std::move(start));
}

std::size_t RelayPool::open() const {
  std::size_t sum = 0;
  for (const auto& loop : impl_->loops) sum += loop->open();
  return sum;
}

RelayTotals RelayPool::totals() const {
  RelayTotals totals;
  for (const auto& loop : impl_->loops) loop->tally().add_to(totals);
  return totals;
}

}  // namespace pbaas::net
