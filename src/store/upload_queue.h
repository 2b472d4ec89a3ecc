// The UploadQueue brings finished recordings to the object store, for as long as it takes: they
// wait in a spool on disk, across restarts and kills of the process, until the store has them. Then
// it forgets them, and removes them from the store when their time is over. Owned by main; loop
// thread only, which must outlive it; the disk is worked on by two threads of its own.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"
#include "store/blocking_thread.h"
#include "store/object_store.h"
#include "store/recording.h"
#include "store/recording_spool.h"

namespace pbaas::store {

struct UploadLimits {
  // What the spool may take; with more, no new recording begins. Those that run go on.
  std::uint64_t spool_bytes_max = std::uint64_t{10} << 30;
  // What is to stay free on the disk.
  std::uint64_t disk_bytes_free_min = std::uint64_t{64} << 20;
  // An upload that takes longer is tried again, from its start: it has time for its bytes besides.
  // A line that takes nothing at all is noticed much sooner.
  Duration put_time = std::chrono::minutes(15);
  std::uint64_t put_bytes_per_second_min = 64 * 1024;
  // Before the n-th retry anything from 0 to first * 2^n, at most `most`.
  Duration retry_first{1'000};
  Duration retry_most{60'000};
  Duration upkeep_every{1'000};
  // The oldest settled ones above it are forgotten here, once the log knows of them; the store
  // keeps them.
  std::size_t settled_max = 10'000;
};

struct FinishedRecording {
  Duration duration{0};
  bool truncated = false;
  std::string why{};  // it is truncated
};

class UploadQueue {
 public:
  // Reads the spool below `folder`, which nobody else may use. Errors: kStoreUnavailable.
  static Result<std::unique_ptr<UploadQueue>> open(net::Loop& loop, const Clock& clock,
                                                   ObjectStore& store, const std::string& folder,
                                                   UploadLimits limits);
  UploadQueue(net::Loop& loop, const Clock& clock, ObjectStore& store, RecordingSpool spool,
              UploadLimits limits, std::vector<Recording> found);

  // Whether a new recording may begin. Errors: kRecordingsFull, saying what is full.
  Status may_record() const;
  // Notes a recording and gives the path where its file is to be written; files beside it whose
  // names begin with its own are the recorder's, and go with it. Errors: as may_record, and
  // kInternal for a name that is none or taken.
  net::Task<Result<std::string>> begin(SessionId session, std::string name, RecordingKind kind);
  // Its file is complete: it is digested and waits for its upload.
  net::Task<Status> finish(SessionId session, std::string name, FinishedRecording finished);
  // There will be no file. Again, or after finish: nothing.
  net::Task<Status> fail(SessionId session, std::string name, std::string why);
  // It never began, for that reason: it has failed. Nothing where it is known.
  void refuse(SessionId session, std::string name, RecordingKind kind, std::string why);
  // It goes, from here at once, and from the store as soon as that answers. Errors:
  // kStoreUnavailable where the disk does not take that, then it stays.
  net::Task<Status> remove(SessionId session, std::string name);

  // Those of a session, by name.
  std::vector<Recording> of(const SessionId& session) const;
  // Those that a former process had begun and not finished: whoever records finishes or fails them.
  std::vector<Recording> interrupted() const;
  // Where the file is, while it is not settled.
  std::string path(const Recording& recording) const { return spool_.path(recording); }
  // All of them.
  std::vector<Recording> all() const;
  // Told of every change of state, after it is on disk.
  void on_change(std::function<void(const Recording&)> told) { told_ = std::move(told); }

  // The log knows of its end.
  void note_told(const Recording& recording);

  // Uploads one after another, for ever; run it twice for two at once.
  net::Task<void> run_uploads();
  // Measures the spool, writes what could not be written, removes what is owed; for ever.
  net::Task<void> run_upkeep();
  // What run_upkeep does once.
  net::Task<void> upkeep();

  std::uint64_t spool_bytes() const { return spool_bytes_; }
  // How many there are in each state.
  std::map<RecordingState, std::size_t> counts() const;
  // Whether the store did not take what was last brought to it.
  bool is_away() const { return is_away_; }
  // Whether one is on its way to the store, or about to be.
  bool is_busy() const;

 private:
  using Key = std::pair<SessionId, std::string>;
  struct Entry {
    Recording recording;
    bool is_busy = false;        // being digested, uploaded or removed
    bool is_on_disk = true;      // the manifest says what `recording` does
    bool is_told = false;        // the log knows of its end
    bool may_be_stored = false;  // an upload was tried, and may have arrived whatever it said
    int tries = 0;
    Instant next_try{};
  };

  // Of a recording that may be in the store, and that nobody knows any more.
  struct Removal {
    Recording recording;
    bool is_busy = false;  // being uploaded still, or removed
  };

  Entry* find(const Key& key);
  Entry* next_due();
  Instant earliest_try() const;
  // Puts the entry into that state, writes it down and tells it.
  net::Task<void> settle(Key key, RecordingState state, std::string why);
  net::Task<void> write(Key key);
  net::Task<void> upload(Key key);
  net::Task<void> uploaded(Key key);
  Duration put_time(const Recording& recording) const;
  void put_off(Entry& entry, const std::string& why);
  void note_store(const Result<ObjectInfo>& put);
  // The store answers again: nobody need wait for his turn.
  void hurry();
  void wake_up();
  net::Task<void> measure();
  net::Task<void> write_pending();
  net::Task<void> forget_most();
  net::Task<Status> forget(Key key);
  net::Task<Status> remove_object(const Recording& recording);
  // Once it is gone from the store. Errors: kStoreUnavailable, then it stays.
  net::Task<Status> remove_now(Key key);
  // It goes from here at once, and from the store as soon as that is possible.
  net::Task<Status> owe_removal(Key key);
  net::Task<Status> remove_owed(Key key);
  net::Task<void> remove_owed();
  net::Task<Status> on_disk(std::function<Status()> work);

  net::Loop& loop_;
  const Clock& clock_;
  ObjectStore& store_;
  RecordingSpool spool_;
  const UploadLimits limits_;
  std::map<Key, Entry> entries_;
  std::map<Key, Removal> removals_;
  std::function<void(const Recording&)> told_;
  bool is_away_ = false;
  std::uint64_t spool_bytes_ = 0;
  std::uint64_t disk_bytes_free_;
  // Of each run_uploads that waits. Shared with those tasks, which go with the loop, after this.
  std::shared_ptr<std::set<boost::asio::steady_timer*>> sleepers_ =
      std::make_shared<std::set<boost::asio::steady_timer*>>();
  std::minstd_rand random_;
  BlockingThread disk_;
  // Reads finished files to their end, while others begin.
  BlockingThread sealing_;
};

}  // namespace pbaas::store
