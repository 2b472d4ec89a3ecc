// A few BlockingThreads for one kind of work: a job goes to the thread that has the fewest, so that
// none waits for a long one while another thread has nothing to do. Owned by a store; called on the
// loop, which must outlive it.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "store/blocking_thread.h"

namespace pbaas::store {

class BlockingPool {
 public:
  // Each thread has a number after its name, and a queue of `jobs_max`.
  BlockingPool(net::Loop& loop, const std::string& name, int threads, std::size_t jobs_max);

  // As BlockingThread::run.
  template <typename T>
  net::Task<Result<T>> run(std::function<Result<T>()> work);

 private:
  // A job's part of its thread's load, from the call to the end of its work.
  class Share {
   public:
    explicit Share(std::shared_ptr<std::atomic<int>> load) : load_(std::move(load)) { ++*load_; }
    ~Share() { --*load_; }
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

   private:
    const std::shared_ptr<std::atomic<int>> load_;
  };
  struct Member {
    std::unique_ptr<BlockingThread> thread;
    std::shared_ptr<std::atomic<int>> load;  // shared with jobs, which may outlive a task
  };
  Member& least_busy();

  std::vector<Member> members_;
};

template <typename T>
net::Task<Result<T>> BlockingPool::run(std::function<Result<T>()> work) {
  auto& member = least_busy();
  std::function<Result<T>()> counted = [share = std::make_shared<Share>(member.load),
                                        work = std::move(work)]() mutable {
    auto result = work();
    // Before anybody hears of the result, and comes with the next job.
    share.reset();
    return result;
  };
  co_return co_await member.thread->template run<T>(std::move(counted));
}

}  // namespace pbaas::store
