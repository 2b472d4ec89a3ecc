// A thread for work that blocks, such as a database's: jobs run on it one after another, in order,
// and tasks of the loop await their results. Owned by a store; called on the loop, which must
// outlive it.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"

namespace pbaas::store {

class BlockingThread {
 public:
  using Job = std::function<void()>;

  // `name` is shown in errors and by the system's tools (at most 15 characters). `jobs_max` bounds
  // the jobs that wait.
  BlockingThread(net::Loop& loop, std::string name, std::size_t jobs_max);
  ~BlockingThread() { finish(); }
  BlockingThread(const BlockingThread&) = delete;
  BlockingThread& operator=(const BlockingThread&) = delete;

  // Runs what was posted, with what was put off, and ends the thread: blocks as long as that takes.
  // Again: nothing.
  void finish();

  // Runs `job` after all posted before. False when too many wait. Thread-safe.
  bool post(Job job);
  // Runs `job` in `delay`, or at once when the thread is to end; a job posted when it already is to
  // end is dropped, so that what retries for ever does not keep it. Not counted in `jobs_max`: for
  // a store's own writes and retries. Thread-safe.
  void post_later(Duration delay, Job job);

  // Runs `work` on the thread and gives what it gives. A cancelled task leaves at once by
  // exception; the work is done all the same. Errors: kStoreUnavailable when too many jobs wait,
  // and what `work` gives.
  template <typename T>
  net::Task<Result<T>> run(std::function<Result<T>()> work);

 private:
  using Moment = std::chrono::steady_clock::time_point;

  // The meeting point of a task and its job. Shared, for either may be gone first; a job hands its
  // part back to the loop, so the timer in it is only ever touched there.
  template <typename T>
  struct Meeting {
    explicit Meeting(net::Loop& loop) : timer(loop, Moment::max()) {}
    boost::asio::steady_timer timer;
    std::optional<Result<T>> result;
    bool done = false;
  };

  void work();
  // The next job, if the thread is to go on; waits for it.
  std::optional<Job> next();
  Error too_many() const;

  net::Loop& loop_;
  const std::string name_;
  const std::size_t jobs_max_;
  // The jobs are the one thing the loop and this thread share.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  std::multimap<Moment, Job> later_;
  bool stopping_ = false;
  std::thread thread_;
};

template <typename T>
net::Task<Result<T>> BlockingThread::run(std::function<Result<T>()> work) {
  auto meeting = std::make_shared<Meeting<T>>(loop_);
  Job job = [&loop = loop_, mine = meeting, work = std::move(work)]() mutable {
    mine->result.emplace(work());
    boost::asio::post(loop, [back = std::move(mine)] {
      back->done = true;
      back->timer.cancel();
    });
  };
  if (!post(std::move(job))) co_return too_many();
  boost::system::error_code error;
  if (!meeting->done) {
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
    co_await meeting->timer.async_wait(token);
  }
  if (!meeting->done) throw boost::system::system_error(error);
  co_return std::move(*meeting->result);
}

}  // namespace pbaas::store
