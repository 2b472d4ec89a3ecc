#include "recording/inbox.h"

#include <utility>

namespace pbaas::recording {

void Inbox::put(browser::PipeMessage message, Urgency urgency) {
  bool wakes = false;
  {
    const std::lock_guard lock(mutex_);
    const bool has_room =
        messages_.size() < kInboxMessagesMax && bytes_ + message.text.size() <= kInboxBytesMax;
    if (!has_room || is_closed_) {
      ++lost_;
      return;
    }
    bytes_ += message.text.size();
    messages_.push_back(std::move(message));
    wakes = urgency == Urgency::kNow || messages_.size() >= kInboxMessagesAlong ||
            bytes_ >= kInboxBytesAlong;
    is_urgent_ = is_urgent_ || wakes;
  }
  if (wakes) changed_.notify_one();
}

void Inbox::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = is_urgent_ = true;
  }
  changed_.notify_one();
}

void Inbox::ask_to_stop() {
  {
    const std::lock_guard lock(mutex_);
    is_asked_to_stop_ = is_urgent_ = true;
  }
  changed_.notify_one();
}

Inbox::Taken Inbox::take(Duration wait) {
  std::unique_lock lock(mutex_);
  const bool was_urgent = changed_.wait_for(lock, wait, [this] { return is_urgent_; });
  bytes_ = 0;
  is_urgent_ = false;
  return {std::exchange(messages_, {}), std::exchange(lost_, 0), is_closed_, is_asked_to_stop_,
          was_urgent};
}

}  // namespace pbaas::recording
