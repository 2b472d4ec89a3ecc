#include "egress/egress_session.h"

#include <utility>

#include "base/log.h"

namespace pbaas::egress {
namespace {

constexpr int kLinesPerWindow = 20;
constexpr Duration kWindow{10'000};

}  // namespace

EgressSession::EgressSession(EgressSpec spec, std::shared_ptr<EgressMeter> own, EgressMeter& all)
    : spec_(std::move(spec)), own_(std::move(own)), all_(all) {}

void EgressSession::assign(EgressSpec spec) {
  spec_ = std::move(spec);
}

const session::UpstreamProxy* EgressSession::upstream_for(const HostPort& destination) const {
  const bool chained = spec_.proxy && !spec_.proxy->bypass.holds(destination);
  return chained ? &*spec_.proxy : nullptr;
}

void EgressSession::count_up(std::uint64_t bytes) {
  own_->count_up(bytes);
  all_.count_up(bytes);
}

void EgressSession::count_down(std::uint64_t bytes) {
  own_->count_down(bytes);
  all_.count_down(bytes);
}

void EgressSession::count_connection() {
  own_->count_connection();
  all_.count_connection();
}

void EgressSession::note_refusal(const Failure& failure, const HostPort& destination, Instant now) {
  own_->count_refusal();
  all_.count_refusal();
  if (!may_log(now)) return;
  log::warn("egress.refused", {{"session", spec_.session},
                               {"host", destination.host},
                               {"port", destination.port},
                               {"why", failure.word()},
                               {"more_before", std::exchange(unlogged_, 0)}});
}

bool EgressSession::may_log(Instant now) {
  if (now - window_start_ >= kWindow) {
    window_start_ = now;
    logged_ = 0;
  }
  const bool may = logged_ < kLinesPerWindow;
  ++(may ? logged_ : unlogged_);
  return may;
}

}  // namespace pbaas::egress
