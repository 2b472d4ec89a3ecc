#include "store/blocking_thread.h"

#include <pthread.h>

namespace pbaas::store {

BlockingThread::BlockingThread(net::Loop& loop, std::string name, std::size_t jobs_max)
    : loop_(loop), name_(std::move(name)), jobs_max_(jobs_max), thread_([this] { work(); }) {
  pthread_setname_np(thread_.native_handle(), name_.c_str());
}

void BlockingThread::finish() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

bool BlockingThread::post(Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (jobs_.size() >= jobs_max_) return false;
    jobs_.push_back(std::move(job));
  }
  wake_.notify_one();
  return true;
}

void BlockingThread::post_later(Duration delay, Job job) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    later_.emplace(std::chrono::steady_clock::now() + delay, std::move(job));
  }
  wake_.notify_one();
}

void BlockingThread::work() {
  // Each job is destroyed before the next is waited for, so that nothing it holds lingers.
  while (auto job = next()) (*job)();
}

std::optional<BlockingThread::Job> BlockingThread::next() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool is_due =
        !later_.empty() && (later_.begin()->first <= std::chrono::steady_clock::now());
    if (is_due || (stopping_ && jobs_.empty() && !later_.empty())) {
      Job job = std::move(later_.begin()->second);
      later_.erase(later_.begin());
      return job;
    }
    if (!jobs_.empty()) {
      Job job = std::move(jobs_.front());
      jobs_.pop_front();
      return job;
    }
    if (stopping_) return std::nullopt;
    if (later_.empty())
      wake_.wait(lock);
    else
      wake_.wait_until(lock, later_.begin()->first);
  }
}

Error BlockingThread::too_many() const {
  return Error{Fault::kStoreUnavailable, "too many requests wait for the store " + name_, "", 1};
}

}  // namespace pbaas::store
