#include "gateway/sweeper.h"

#include "base/log.h"
#include "net/event.h"

namespace pbaas::gateway {
namespace {

constexpr Duration kInterval{250};
// How long a claimed session is this sweeper's alone: longer than any worker takes to answer.
constexpr Duration kHold{15'000};
constexpr std::size_t kClaimsMax = 100;

}  // namespace

net::Task<void> Sweeper::run() {
  for (;;) {
    co_await net::sleep_for(kInterval);
    co_await sweep();
  }
}

net::Task<void> Sweeper::sweep() {
  const auto due = co_await fleet_.claim_due(clock_.now(), kHold, kClaimsMax);
  if (!due) {
    log::warn("sweep_failed", {{"why", due.error().detail}});
    co_return;
  }
  for (const auto& place : *due) co_await sweep_one(place);
}

net::Task<void> Sweeper::sweep_one(store::SessionPlace place) {
  const auto next = co_await workers_.end_if_due(place.worker, place.session);
  if (!next) {
    // The worker does not know it: nothing is left to end. One that does not answer is asked again
    // after the hold.
    if (next.error().fault == Fault::kNoSuchSession) co_await fleet_.release(place.session);
    co_return;
  }
  if (!*next) co_return;
  place.deadline = **next;
  co_await fleet_.publish(place);
}

}  // namespace pbaas::gateway
