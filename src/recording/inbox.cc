#include "recording/inbox.h"

#include <utility>

namespace pbaas::recording {

void Inbox::put(browser::PipeMessage message) {
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
    has_news_ = true;
  }
  changed_.notify_one();
}

void Inbox::close() {
  {
    const std::lock_guard lock(mutex_);
    is_closed_ = has_news_ = true;
  }
  changed_.notify_one();
}

void Inbox::ask_to_stop() {
  {
    const std::lock_guard lock(mutex_);
    is_asked_to_stop_ = has_news_ = true;
  }
  changed_.notify_one();
}

Inbox::Taken Inbox::take(Duration wait) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, wait, [this] { return has_news_; });
  bytes_ = 0;
  has_news_ = false;
  return {std::exchange(messages_, {}), std::exchange(lost_, 0), is_closed_, is_asked_to_stop_};
}

}  // namespace pbaas::recording
