#include "gateway/sweeper.h"

#include <utility>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::gateway {
namespace {

constexpr Duration kInterval{250};
// How long a claimed session is this sweeper's alone: longer than any worker takes to answer.
constexpr Duration kHold{15'000};
constexpr std::size_t kClaimsMax = 100;
// Those whose worker does not answer, and those that are ended meanwhile.
constexpr std::size_t kUnderWayMax = 1'000;

}  // namespace

net::Task<void> Sweeper::run() {
  for (;;) {
    co_await net::sleep_for(kInterval);
    co_await start_sweep();
  }
}

net::Task<void> Sweeper::sweep() {
  co_await start_sweep();
  const auto deadline = Deadline::after(clock_, kHold);
  co_await tasks_.idle(clock_, deadline);
}

net::Task<void> Sweeper::start_sweep() {
  if (tasks_.running() > kUnderWayMax) co_return;
  const auto due = co_await fleet_.claim_due(kHold, kClaimsMax);
  const bool failed = !due.has_value();
  if (failed && !std::exchange(failing_, true))
    log::warn("sweep_failed", {{"why", due.error().detail}});
  if (failed) co_return;
  failing_ = false;
  // Side by side: a worker that does not answer must hold up neither these nor the next.
  for (const auto& place : *due) tasks_.spawn("sweep", sweep_one(place));
}

net::Task<void> Sweeper::sweep_one(store::SessionPlace place) {
  const auto next = co_await workers_.end_if_due(place.worker, place.session);
  if (!next) {
    // The worker, or this run of it, does not know it: nothing is left to end. One that does not
    // answer is asked again after the hold.
    const auto fault = next.error().fault;
    if (fault == Fault::kNoSuchSession || fault == Fault::kNoSuchWorker)
      co_await fleet_.release(place.session);
    co_return;
  }
  if (!*next) co_return;
  place.deadline = **next;
  co_await fleet_.publish(place);
}

}  // namespace pbaas::gateway
