#include "egress/egress_pool.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

#include "egress/egress_loop.h"

namespace pbaas::egress {

struct SessionEgress::Parts {
  std::uint64_t id;
  std::shared_ptr<Mailbox> mailbox;
  std::shared_ptr<EgressMeter> meter;
};

SessionEgress::SessionEgress(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

SessionEgress::~SessionEgress() {
  parts_->mailbox->post(EndPost{parts_->id});
}

void SessionEgress::assign(EgressSpec spec) {
  parts_->mailbox->post(AssignPost{parts_->id, std::move(spec)});
}

EgressCounts SessionEgress::counts() const {
  return parts_->meter->counts();
}

struct EgressPool::Impl {
  EgressShared shared;
  std::atomic<std::uint64_t> next_session{1};
  std::vector<std::unique_ptr<EgressLoop>> loops;
};

EgressPool::EgressPool(int threads, const Clock& clock, Resolver& resolver, EgressPolicy policy,
                       EgressLimits limits)
    : impl_(new Impl{.shared = {.clock = clock,
                                .resolver = resolver,
                                .policy = std::move(policy),
                                .limits = limits}}) {
  for (int i = 0; i < std::max(threads, 1); ++i) {
    impl_->loops.push_back(
        std::make_unique<EgressLoop>("egress-" + std::to_string(i), impl_->shared));
  }
}

EgressPool::~EgressPool() = default;

std::unique_ptr<SessionEgress> EgressPool::serve(UniqueFd listener, EgressSpec spec) {
  // Whoever made it may have left it blocking, and then one accept too many would stop the thread.
  ::fcntl(listener.get(), F_SETFL, ::fcntl(listener.get(), F_GETFL) | O_NONBLOCK);
  auto& loop = **std::ranges::min_element(impl_->loops, {},
                                          [](const auto& each) { return each->sessions(); });
  loop.note_session_given();
  auto parts = std::make_unique<SessionEgress::Parts>(
      SessionEgress::Parts{.id = impl_->next_session.fetch_add(1, std::memory_order_relaxed),
                           .mailbox = loop.mailbox(),
                           .meter = std::make_shared<EgressMeter>()});
  loop.mailbox()->post(ServePost{parts->id, std::move(listener), std::move(spec), parts->meter});
  return std::unique_ptr<SessionEgress>(new SessionEgress(std::move(parts)));
}

EgressCounts EgressPool::totals() const {
  return impl_->shared.meter.counts();
}

std::size_t EgressPool::open() const {
  return impl_->shared.open.load(std::memory_order_relaxed);
}

}  // namespace pbaas::egress
