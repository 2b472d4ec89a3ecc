// A thread with a connection to PostgreSQL, which it makes again by itself when it is lost. While
// PostgreSQL is known to be away, calls fail at once. Owned by the PostgreSQL session log; the loop
// must outlive it.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>

#include "net/task.h"
#include "store/blocking_thread.h"
#include "store/postgres_database.h"
#include "store/session_table.h"

namespace pbaas::store {

class PostgresLink {
 public:
  struct Hooks {
    std::function<EventKey()> next_key;
    // Both on the thread: what a new connection needs before it serves, and that it does.
    std::function<Status(PostgresDatabase&)> prepare;
    std::function<void()> on_connected;
  };

  PostgresLink(net::Loop& loop, const std::string& name, std::string url, Hooks hooks);
  ~PostgresLink() { finish(); }

  // Connects for the start of the program, and blocks. Errors: kInvalidField, where trying again
  // does not help; a database that cannot be reached is none, but tried again.
  Status open();
  void finish();

  bool is_away() const { return is_away_; }
  BlockingThread& thread() { return thread_; }

  // On the loop: runs `work` on the thread. Errors: kStoreUnavailable, and what `work` gives.
  template <typename T>
  net::Task<Result<T>> call(std::function<Result<T>(SessionTable&)> work);

  // On the thread: the same for what is there already.
  template <typename T>
  Result<T> use(const std::function<Result<T>(SessionTable&)>& work);

 private:
  static constexpr std::size_t kJobsMax = 1000;  // Calls that may wait for the thread.

  static Error away();
  Status connect();
  Status ready();
  void check_connection();
  void go_away(const Error& why);
  void reconnect();

  const Hooks hooks_;
  PostgresDatabase database_;
  SessionTable table_;
  int failures_ = 0;
  // The loop asks before it queues a call.
  std::atomic<bool> is_away_ = false;
  std::atomic<bool> is_finishing_ = false;
  BlockingThread thread_;
};

template <typename T>
net::Task<Result<T>> PostgresLink::call(std::function<Result<T>(SessionTable&)> work) {
  if (is_away_) co_return away();
  std::function<Result<T>()> job = [this, work = std::move(work)] { return use<T>(work); };
  auto done = co_await thread_.run<T>(std::move(job));
  co_return std::move(done);
}

template <typename T>
Result<T> PostgresLink::use(const std::function<Result<T>(SessionTable&)>& work) {
  if (const auto is_ready = ready(); !is_ready) return is_ready.error();
  auto done = work(table_);
  check_connection();
  return done;
}

}  // namespace pbaas::store
