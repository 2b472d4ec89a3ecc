// The part of UploadQueue that brings one recording after another to the store.
#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "base/log.h"
#include "store/object_key.h"
#include "store/upload_queue.h"

namespace pbaas::store {
namespace {

// A timer that others may cancel, while it is waited for.
class Sleeping {
 public:
  using Timers = std::set<boost::asio::steady_timer*>;
  Sleeping(std::shared_ptr<Timers> timers, boost::asio::steady_timer& timer)
      : timers_(std::move(timers)), timer_(timer) {
    timers_->insert(&timer_);
  }
  ~Sleeping() { timers_->erase(&timer_); }
  Sleeping(const Sleeping&) = delete;
  Sleeping& operator=(const Sleeping&) = delete;

 private:
  const std::shared_ptr<Timers> timers_;
  boost::asio::steady_timer& timer_;
};

}  // namespace

UploadQueue::Entry* UploadQueue::next_due() {
  Entry* due = nullptr;
  for (auto& [key, entry] : entries_) {
    const bool waits = entry.recording.state == RecordingState::kUploading && !entry.is_busy;
    if (!waits || entry.next_try > clock_.now()) continue;
    const bool is_older = due == nullptr || entry.recording.changed_at < due->recording.changed_at;
    if (is_older) due = &entry;
  }
  return due;
}

Instant UploadQueue::earliest_try() const {
  Instant earliest = clock_.now() + limits_.retry_most;
  for (const auto& [key, entry] : entries_) {
    if (entry.recording.state == RecordingState::kUploading && !entry.is_busy)
      earliest = std::min(earliest, entry.next_try);
  }
  return earliest;
}

net::Task<void> UploadQueue::run_uploads() {
  boost::asio::steady_timer wake(loop_);
  for (;;) {
    const Entry* due = next_due();
    if (due != nullptr) {
      const Key key{due->recording.session, due->recording.name};
      co_await upload(key);
      continue;
    }
    wake.expires_after(std::max(earliest_try() - clock_.now(), Duration{1}));
    const Sleeping sleeping(sleepers_, wake);
    boost::system::error_code ignored;
    auto token = boost::asio::redirect_error(boost::asio::use_awaitable, ignored);
    co_await wake.async_wait(token);
  }
}

Duration UploadQueue::put_time(const Recording& recording) const {
  return limits_.put_time +
         std::chrono::seconds(recording.bytes / limits_.put_bytes_per_second_min);
}

net::Task<void> UploadQueue::upload(Key key) {
  Entry* entry = find(key);
  entry->is_busy = true;
  entry->may_be_stored = true;
  const Recording recording = entry->recording;
  PutRequest request{object_key(recording.session, recording.name), spool_.path(recording),
                     std::string(content_type(recording.kind)), recording.sha256};
  const auto deadline = Deadline::after(clock_, put_time(recording));
  const auto put = co_await store_.put(std::move(request), deadline);
  note_store(put);
  entry = find(key);
  if (entry == nullptr) {
    // It was removed meanwhile, and so is what was brought, if it was.
    const auto owed = removals_.find(key);
    if (owed != removals_.end()) owed->second.is_busy = false;
    (void)co_await remove_owed(key);
    co_return;
  }
  entry->is_busy = false;
  if (put) {
    co_await uploaded(key);
    co_return;
  }
  const auto why = put.error().detail;
  log::warn("recording not uploaded", {{"session", key.first.text()},
                                       {"name", key.second},
                                       {"tries", entry->tries + 1},
                                       {"why", why}});
  if (put.error().fault == Fault::kStoreUnavailable) {
    put_off(*entry, why);
  } else {
    co_await settle(key, RecordingState::kFailed, why);
  }
}

void UploadQueue::note_store(const Result<ObjectInfo>& put) {
  const bool is_away = !put && put.error().fault == Fault::kStoreUnavailable;
  if (std::exchange(is_away_, is_away) == is_away) return;
  if (is_away) {
    log::error("object_store_is_away", {{"why", put.error().detail}});
  } else {
    log::info("object_store_is_back");
  }
}

net::Task<void> UploadQueue::uploaded(Key key) {
  Entry* entry = find(key);
  const bool was_away = entry->tries > 0;
  entry->tries = 0;
  const bool truncated = entry->recording.truncated;
  const auto state = truncated ? RecordingState::kTruncated : RecordingState::kStored;
  log::info(
      "recording stored",
      {{"session", key.first.text()}, {"name", key.second}, {"bytes", entry->recording.bytes}});
  if (was_away) hurry();
  // Until the manifest says so the file stays: a process that was killed here finds it, and finds
  // it stored. On a full disk there is no room to say so before the file is gone.
  entry->is_busy = true;
  std::string why = truncated ? entry->recording.why : std::string();
  co_await settle(key, state, std::move(why));
  entry = find(key);
  if (entry == nullptr) co_return;
  std::function<Status()> work = [this, recording = entry->recording] {
    return spool_.remove_file(recording);
  };
  const auto removed = co_await on_disk(std::move(work));
  entry = find(key);
  if (entry == nullptr) co_return;
  entry->is_busy = false;
  spool_bytes_ -= std::min(spool_bytes_, entry->recording.bytes);
  if (!removed) log::warn("a stored recording's file stays", {{"why", removed.error().detail}});
  if (!entry->is_on_disk) co_await write(key);
}

}  // namespace pbaas::store
