#include "store/blocking_pool.h"

#include <algorithm>

namespace pbaas::store {

BlockingPool::BlockingPool(net::Loop& loop, const std::string& name, int threads,
                           std::size_t jobs_max) {
  for (int n = 1; n <= threads; ++n) {
    members_.push_back(
        {std::make_unique<BlockingThread>(loop, name + "-" + std::to_string(n), jobs_max),
         std::make_shared<std::atomic<int>>(0)});
  }
}

BlockingPool::Member& BlockingPool::least_busy() {
  return *std::min_element(members_.begin(), members_.end(), [](const auto& a, const auto& b) {
    return a.load->load() < b.load->load();
  });
}

}  // namespace pbaas::store
