#include "recording/inbox.h"

#include <utility>

namespace pbaas::recording {

// Chromium tells of a request by half a dozen events within moments, and a page may ask for
// hundreds in a second: a thread that woke for each would take more of the page's processor by
// waking than by what it does.
bool Inbox::is_worth_waking(std::string_view text) const {
  if (!text.starts_with(R"({"method":"Network.)")) return true;
  const bool has_ended = text.starts_with(R"({"method":"Network.loadingFinished")");
  return (has_ended && bodies_ == AskBodies::kYes) || messages_.size() >= kInboxMessagesGathered ||
         bytes_ >= kInboxBytesGathered;
}

void Inbox::put(browser::PipeMessage message) {
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
    wakes = is_worth_waking(message.text);
    messages_.push_back(std::move(message));
    has_news_ = has_news_ || wakes;
  }
  if (wakes) changed_.notify_one();
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
