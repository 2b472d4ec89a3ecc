// Brings what is in the spool to PostgreSQL, in order and in batches, one transaction each, at once
// where it is there. Owned by the PostgreSQL session log.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "store/postgres_link.h"
#include "store/session_log.h"
#include "store/spool_writer.h"

namespace pbaas::store {

class SpoolDelivery {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  SpoolDelivery(net::Loop& loop, const std::string& url, std::unique_ptr<Spool> spool);
  ~SpoolDelivery();

  // Blocks: for the start of the program. Errors as those of PostgresSessionLog::open.
  Status open();

  SpoolWriter& spool_writer() { return spool_writer_; }
  PostgresLink& link() { return link_; }

  // On the link's thread: delivers until all up to that number of this process is in the database,
  // with what was left by others. False when that is not reached in time.
  bool deliver_until(std::int64_t seq, SessionTable& table, Moment until);
  // The same for a call that must not wait long: a moment where that is enough, and not at all
  // while it is known that it is not.
  bool catch_up(std::int64_t seq, SessionTable& table);
  // On any other thread: waits for the same, as long.
  bool wait_until_delivered(std::int64_t seq);
  // Whether the last batch could not be delivered. Thread-safe.
  bool is_failing() const { return is_failing_; }
  // A state of the session that is not in the database yet.
  std::optional<session::Session> undelivered(const SessionId& id) const;
  SessionLogStats stats() const;

 private:
  enum class Progress { kNothingToDo, kDelivered, kFailed };

  Status prepare(PostgresDatabase& database);
  void schedule(Duration delay);
  // A turn on the link's thread, which others may use between two.
  void deliver_some();
  Progress deliver_batch(SessionTable& table);
  Progress deliver_spooled(const std::vector<WrittenState>& states, SessionTable& table);
  Progress deliver_held(SessionTable& table);
  Status write(const std::vector<WrittenState>& states, SessionTable& table);
  Status write_one_by_one(const std::vector<WrittenState>& states, SessionTable& table);
  void note(const std::vector<WrittenState>& states);
  void failed(const Error& error);
  bool is_delivered(std::int64_t seq) const;
  bool is_far_behind() const {
    return waited_in_vain_for_ >= 0 && !is_delivered(waited_in_vain_for_);
  }

  bool is_migrated_ = false;  // Of the link's thread.
  std::atomic<bool> is_scheduled_ = false;
  std::atomic<bool> is_failing_ = false;
  std::atomic<std::uint64_t> written_ = 0;
  std::atomic<std::uint64_t> refused_ = 0;
  std::atomic<std::uint64_t> failed_batches_ = 0;

  // Whoever waits for progress, of the writer or of the delivery.
  mutable std::mutex mutex_;
  std::condition_variable progress_;
  std::int64_t delivered_ = -1;  // the highest number of this process that is in the database
  std::uint64_t appended_ = 0;   // how often the writer had more
  std::int64_t waited_in_vain_for_ = -1;  // until that is delivered no call waits again

  SpoolWriter spool_writer_;
  PostgresLink link_;
};

}  // namespace pbaas::store
