// States of sessions on disk, on their way to a database that may be away: appended by one thread,
// taken in order by another, and found by any. Each process has a folder of its own below the
// spool's; a folder whose process is gone belongs to the next one that starts, which delivers it
// first. A file is removed when all in it is delivered; what a process delivered just before it was
// killed may be given again, and each state has the number that tells.
//
//   spool/00000007-EPOCH/00000001.spool   lines of spool_record.h
//   spool/00000007-EPOCH/lock             held by the process while it lives
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "store/session_table.h"

namespace pbaas::store {

class Spool {
 public:
  // `bytes_max` bounds all that is on disk. Errors: kStoreUnavailable.
  static Result<std::unique_ptr<Spool>> open(const std::string& folder, std::size_t bytes_max);
  // Syncs what is left for the next process, and removes this one's folder where nothing is.
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  const std::string& epoch() const { return epoch_; }

  // Appends all or nothing; the keys are of this process, and rise. Errors: kStoreUnavailable when
  // it is full, or the disk is.
  Status append(const std::vector<WrittenState>& states);
  // What was appended survives the loss of power from now on. On the thread that appends.
  Status sync();

  // The oldest states that are not delivered, up to `count`; again the same until they are.
  Result<std::vector<WrittenState>> next(std::size_t count);
  // What `next` gave last is delivered.
  void delivered();
  // Keeps a state that the database will not take, for people: in refused.jsonl, up to a limit.
  void set_aside(const WrittenState& state, const std::string& why);

  bool empty() const;
  // Whether what other processes left is not all delivered.
  bool has_leftovers() const;
  // Never waits; from any thread.
  std::size_t bytes() const { return undelivered_bytes_.load(std::memory_order_relaxed); }
  // The newest state of a session that this process appended and has not delivered.
  std::optional<session::Session> find(const SessionId& id) const;

 private:
  struct File {
    std::string path;
    std::size_t bytes = 0;
  };
  // What one process wrote. This process's is the last of them.
  struct Folder {
    std::string path;
    std::string epoch;
    UniqueFd lock;
    std::deque<File> files;
  };
  struct Place {
    std::int64_t seq = 0;
    std::string path;
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };

  Spool(std::string folder, std::size_t bytes_max);
  Status take_leftovers();
  void take_leftover(const std::string& path);
  Status make_own_folder();
  // The next three on the thread that appends, under the mutex.
  Status make_room(std::size_t bytes);
  Status start_file();
  Status write(const std::string& text);
  // The states of a file's text, and notes how far that is.
  std::vector<WrittenState> take(std::string_view text, bool is_end, const std::string& epoch,
                                 std::size_t count);
  // A file that cannot be read must not keep the others from being delivered: it is set aside, or
  // is gone. Gives whether to go on.
  bool pass_over_unreadable(const File& file, const std::error_code& why);
  // Under the mutex.
  void remove_delivered_files();
  std::size_t bytes_of_all() const;
  void note_bytes() { undelivered_bytes_ = bytes_of_all() - delivered_bytes_; }
  bool all_delivered() const;

  const std::string folder_;
  const std::size_t bytes_max_;
  const std::string epoch_;
  UniqueFd out_;  // The file that is written; of the thread that appends.
  std::int64_t next_file_ = 1;
  bool is_unsynced_ = false;  // Of the thread that appends.

  // The one thread appends while the other takes and a third may look.
  mutable std::mutex mutex_;
  std::deque<Folder> folders_;
  std::size_t delivered_bytes_ = 0;  // of the first file of the first folder that has one
  // What bytes() gives: the loop asks, and must not wait for the disk under the mutex.
  std::atomic<std::size_t> undelivered_bytes_{0};
  bool is_file_done_ = false;  // All in the written file is delivered: begin another.
  std::unordered_map<SessionId, Place> places_;

  // Of the thread that takes.
  int failed_reads_ = 0;  // in a row
  std::size_t taken_bytes_ = 0;
  std::vector<std::pair<SessionId, std::int64_t>> taken_;
};

}  // namespace pbaas::store
