#include "net/relay_group.h"

#include <algorithm>
#include <utility>

#include "net/relay_loop.h"

namespace pbaas::net {

RelayGroup::RelayGroup(const Clock& clock, std::function<void()> on_last_left)
    : on_last_left_(std::move(on_last_left)), last_client_message_(clock.now()) {}

Instant RelayGroup::last_client_message() const {
  return last_client_message_.load(std::memory_order_relaxed);
}

int RelayGroup::open() const {
  const std::lock_guard lock(mutex_);
  return std::max(static_cast<int>(members_.size()), seats_.load());
}

void RelayGroup::close_all(CloseFrame frame) {
  const std::lock_guard lock(mutex_);
  if (closing_) return;
  closing_ = std::move(frame);
  for (const Member& member : members_) member.loop->close(member.relay, *closing_);
}

std::optional<CloseFrame> RelayGroup::closing() const {
  const std::lock_guard lock(mutex_);
  return closing_;
}

void RelayGroup::join(RelayLoop& loop, std::uint64_t relay) {
  left_by_close_.store(true, std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  members_.push_back({&loop, relay});
}

void RelayGroup::leave(RelayLoop& loop, std::uint64_t relay, bool by_close) {
  if (!by_close) left_by_close_.store(false, std::memory_order_relaxed);
  bool last = false;
  {
    const std::lock_guard lock(mutex_);
    std::erase(members_, Member{&loop, relay});
    last = members_.empty();
  }
  if (last && on_last_left_) on_last_left_();
}

void RelayGroup::count_up(std::uint64_t bytes, std::uint64_t messages) {
  counters_.bytes_up.fetch_add(bytes, std::memory_order_relaxed);
  if (messages > 0) counters_.messages_up.fetch_add(messages, std::memory_order_relaxed);
}

void RelayGroup::note_client_data(Instant now) {
  last_client_message_.store(now, std::memory_order_relaxed);
}

void RelayGroup::count_down(std::uint64_t bytes, std::uint64_t messages) {
  counters_.bytes_down.fetch_add(bytes, std::memory_order_relaxed);
  if (messages > 0) counters_.messages_down.fetch_add(messages, std::memory_order_relaxed);
}

std::optional<RelaySeat> RelaySeat::take(std::shared_ptr<RelayGroup> group) {
  if (group->seats_.fetch_add(1) < RelayGroup::kRelaysPerGroupMax) {
    return RelaySeat(std::move(group));
  }
  group->seats_.fetch_sub(1);
  return std::nullopt;
}

RelaySeat& RelaySeat::operator=(RelaySeat&& other) noexcept {
  std::swap(group_, other.group_);
  return *this;
}

RelaySeat::~RelaySeat() {
  if (!group_ || group_->seats_.fetch_sub(1) > 1) return;
  // A relay tells of its own end later, in leave(); this is for a handshake that came to nothing.
  if (group_->open() == 0 && group_->on_last_left_) group_->on_last_left_();
}

}  // namespace pbaas::net
