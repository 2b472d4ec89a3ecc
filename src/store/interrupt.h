// An Interrupt ends what blocks on a store's threads, such as a transfer or the wait before a
// retry, when the store is taken down. Owned by the store; thread-safe: set by one thread, looked
// at by others.
#pragma once

#include <condition_variable>
#include <mutex>

#include "base/clock.h"

namespace pbaas::store {

class Interrupt {
 public:
  void set() {
    {
      const std::lock_guard lock(mutex_);
      set_ = true;
    }
    wake_.notify_all();
  }

  bool is_set() const {
    const std::lock_guard lock(mutex_);
    return set_;
  }

  // Waits so long, or until it is set; gives whether it is.
  bool wait_for(Duration time) const {
    std::unique_lock lock(mutex_);
    return wake_.wait_for(lock, time, [this] { return set_; });
  }

 private:
  mutable std::mutex mutex_;  // A wait needs one.
  mutable std::condition_variable wake_;
  bool set_ = false;
};

}  // namespace pbaas::store
