#include "gateway/retention.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::gateway {
namespace {

// A tenth of the lifetime, within these.
constexpr Duration kIntervalMin{1'000};
constexpr Duration kIntervalMax{60'000};
constexpr std::size_t kBatch = 100;

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
  std::optional<Error> problem;
  for (bool is_more = true; is_more;) {
    const auto due = co_await stores_.log.settled_before(stores_.clock.wall() - lifetime_, kBatch);
    if (!due) {
      problem = due.error();
      break;
    }
    const auto batch = co_await remove(*due);
    if (!batch) problem = batch.error();
    if (batch) removed += *batch;
    is_more = batch && *batch == kBatch;
  }
  if (removed > 0) log::info("recordings_outlived", {{"count", removed}});
  const bool was_failing = std::exchange(failing_, problem.has_value());
  if (problem && !was_failing) log::warn("retention_failed", {{"why", problem->detail}});
}

net::Task<Result<std::size_t>> Retention::remove(std::vector<store::Recording> due) {
  std::size_t count = 0;
  std::optional<Error> problem;
  for (const auto& recording : due) {
    const auto removed = co_await remove_recording(stores_, recording);
    if (removed) ++count;
    if (!removed && !problem) problem = removed.error();
    // A store that is away is not asked for each of them.
    if (!removed && count == 0) break;
  }
  if (problem && count == 0) co_return *problem;
  co_return count;
}

}  // namespace pbaas::gateway
