#include "gateway/retention.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::gateway {
namespace {

// A tenth of the lifetime, within these.
constexpr Duration kIntervalMin{1'000};
constexpr Duration kIntervalMax{60'000};
constexpr std::size_t kBatch = 100;
// A store that is away is not asked for each of them. The next sweep goes on behind them.
constexpr int kFailuresMax = 3;

}  // namespace

net::Task<void> Retention::run() {
  const auto interval = std::clamp<Duration>(lifetime_ / 10, kIntervalMin, kIntervalMax);
  for (;;) {
    co_await net::sleep_for(interval);
    co_await sweep();
  }
}

net::Task<void> Retention::sweep() {
  std::size_t removed = 0;
  const auto swept = co_await remove_all(removed);
  if (removed > 0) log::info("recordings_outlived", {{"count", removed}});
  const bool was_failing = std::exchange(failing_, !swept);
  if (!swept && !was_failing) log::warn("retention_failed", {{"why", swept.error().detail}});
}

net::Task<Status> Retention::remove_all(std::size_t& count) {
  Status problem;
  int failures = 0;  // one after another
  for (;;) {
    const auto due = co_await stores_.log.outlived(lifetime_, behind_, kBatch);
    if (!due) co_return due.error();
    for (const auto& recording : *due) {
      const auto removed = co_await remove_recording(stores_, recording);
      behind_ = recording;
      failures = removed ? 0 : failures + 1;
      if (removed) ++count;
      if (!removed) problem = removed;
      if (failures == kFailuresMax) co_return problem;
    }
    if (due->size() == kBatch) continue;
    behind_.reset();
    co_return problem;
  }
}

}  // namespace pbaas::gateway
