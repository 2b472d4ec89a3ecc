// Takes states of sessions from the loop and appends them to the spool on a thread of its own, so
// that the loop never waits for a disk. Where the spool cannot take more, it holds of each session
// the newest state, which goes to the spool when there is room, or to whoever asks for it. Owned by
// the PostgreSQL session log.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "net/task.h"
#include "store/blocking_thread.h"
#include "store/newest_states.h"
#include "store/session_log.h"
#include "store/spool.h"

namespace pbaas::store {

class SpoolWriter {
 public:
  // How long what was recorded may stay unsafe from the loss of power; that of the process it
  // survives at once.
  static constexpr Duration kSyncAfter{100};

  // `on_more` is called on the thread when there is something to deliver.
  SpoolWriter(net::Loop& loop, std::unique_ptr<Spool> spool, std::function<void()> on_more);
  ~SpoolWriter() { finish(); }

  // On the loop; never waits.
  void add(const session::Session& session);
  // Appends what is left and ends the thread.
  void finish();
  // Done when all that was added before it is in the spool, or is to be tried again later.
  net::Task<void> written();
  // Done when all that was added before it is in the spool and synced, or delivered already.
  net::Task<Status> flush();

  // Thread-safe from here on.
  Spool& spool() const { return *spool_; }
  EventKey next_key();
  // The number of the newest state that was added.
  std::int64_t last_added() const;
  // Whether all up to that number has left for the spool, and nothing is held in memory.
  bool all_appended(std::int64_t seq) const;
  std::optional<session::Session> find_unappended(const SessionId& id) const;
  // Gives what is held to who delivers it without the spool; nothing while the spool takes it.
  // Each must be answered by `held_delivered` or `put_back_held` before the next.
  std::vector<WrittenState> take_held(std::size_t count);
  void held_delivered();
  void put_back_held();
  // The parts of it that are known here.
  SessionLogStats stats() const;

 private:
  // On the thread.
  void append_all();
  using Batch = std::shared_ptr<const std::vector<WrittenState>>;
  Batch take_batch();
  void hold(const std::vector<WrittenState>& states, const Error& error);
  void sync_later();

  // Under the mutex.
  void keep_in_memory(const session::Session& session);
  void append_held_later();
  EventKey new_key();

  std::unique_ptr<Spool> spool_;
  const std::function<void()> on_more_;
  bool sync_scheduled_ = false;   // Of the thread.
  bool retry_scheduled_ = false;  // Of the thread.

  // The loop adds, the thread takes, and who delivers asks.
  mutable std::mutex mutex_;
  std::deque<WrittenState> queue_;
  NewestStates held_;
  bool append_scheduled_ = false;
  Batch appending_;   // null while nothing is
  Batch delivering_;  // of what was held, on its way without the spool; null while nothing is
  std::int64_t next_number_ = 0;
  std::int64_t last_added_ = -1;
  std::int64_t last_appended_ = -1;
  SessionLogStats stats_;

  BlockingThread thread_;
};

}  // namespace pbaas::store
