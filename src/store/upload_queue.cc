#include "store/upload_queue.h"

#include <algorithm>

#include "base/log.h"
#include "net/event.h"
#include "store/object_key.h"

namespace pbaas::store {
namespace {

constexpr std::size_t kDiskJobsMax = 4096;
constexpr Duration kStoreCallTime = std::chrono::seconds(30);
// With so many removals that failed the store is away, and the rest would wait for it as well.
constexpr int kFailuresMax = 3;

Error none_such(const std::string& name) {
  return Error{Fault::kInternal, "there is no recording \"" + name + "\""};
}

bool has_file(const Recording& recording) {
  return recording.state == RecordingState::kUploading ||
         recording.state == RecordingState::kFailed;
}

}  // namespace

Result<std::unique_ptr<UploadQueue>> UploadQueue::open(net::Loop& loop, const Clock& clock,
                                                       ObjectStore& store,
                                                       const std::string& folder,
                                                       UploadLimits limits) {
  RecordingSpool spool(folder);
  auto found = spool.open();
  if (!found) return found.error();
  return std::make_unique<UploadQueue>(loop, clock, store, std::move(spool), limits,
                                       std::move(*found));
}

UploadQueue::UploadQueue(net::Loop& loop, const Clock& clock, ObjectStore& store,
                         RecordingSpool spool, UploadLimits limits, std::vector<Recording> found)
    : loop_(loop),
      clock_(clock),
      store_(store),
      spool_(std::move(spool)),
      limits_(limits),
      disk_bytes_free_(spool_.bytes_free()),
      random_(std::random_device{}()),
      disk_(loop, "recordings", kDiskJobsMax),
      sealing_(loop, "recording-seals", kDiskJobsMax) {
  for (auto& each : found) {
    const Key key{each.session, each.name};
    if (each.removed) {
      removals_.emplace(key, Removal{std::move(each)});
      continue;
    }
    if (has_file(each)) spool_bytes_ += each.bytes;
    auto& entry = entries_.emplace(key, Entry{std::move(each)}).first->second;
    entry.may_be_stored = true;
  }
}

Status UploadQueue::may_record() const {
  const auto refused = [](const std::string& why) {
    return Error{Fault::kRecordingsFull, "nothing can be recorded now: " + why, "record", 60};
  };
  if (spool_bytes_ >= limits_.spool_bytes_max) {
    return refused(std::to_string(spool_bytes_) +
                   " bytes of recordings wait for the object store, and RECORDING_SPOOL_MAX is " +
                   std::to_string(limits_.spool_bytes_max));
  }
  if (disk_bytes_free_ < limits_.disk_bytes_free_min)
    return refused("the disk of DATA_DIR has " + std::to_string(disk_bytes_free_) + " bytes left");
  return {};
}

net::Task<Result<std::string>> UploadQueue::begin(SessionId session, std::string name,
                                                  RecordingKind kind) {
  if (const auto may = may_record(); !may) co_return may.error();
  const Key key{session, name};
  if (!is_recording_name(name) || entries_.contains(key) || removals_.contains(key))
    co_return Error{Fault::kInternal, "\"" + name + "\" is no name for a new recording"};
  Recording recording{.session = session, .name = std::move(name), .kind = kind};
  recording.changed_at = clock_.wall();
  entries_.emplace(key, Entry{recording});
  std::function<Status()> work = [this, recording] { return spool_.write(recording); };
  auto writing = on_disk(std::move(work));
  Status written;
  try {
    written = co_await std::move(writing);
  } catch (...) {
    // Whoever asked hung up, and nobody else knows of it.
    entries_.erase(key);
    disk_.post([this, recording] { (void)spool_.forget(recording); });
    throw;
  }
  if (!written) {
    entries_.erase(key);
    co_return written.error();
  }
  if (told_) told_(recording);
  co_return spool_.path(recording);
}

net::Task<Status> UploadQueue::finish(SessionId session, std::string name,
                                      FinishedRecording finished) {
  const Key key{session, std::move(name)};
  Entry* entry = find(key);
  if (entry == nullptr) co_return none_such(key.second);
  if (entry->recording.state != RecordingState::kRecording || entry->is_busy) co_return Status();
  entry->is_busy = true;
  entry->recording.duration = finished.duration;
  entry->recording.truncated = finished.truncated;
  std::function<Result<Recording>()> work =
      [this, sealed = entry->recording]() mutable -> Result<Recording> {
    if (const auto done = spool_.seal(sealed); !done) return done.error();
    return sealed;
  };
  auto sealing = sealing_.run<Recording>(std::move(work));
  Result<Recording> sealed = none_such(key.second);
  try {
    sealed = co_await std::move(sealing);
  } catch (...) {
    // It may be finished again.
    if (Entry* left = find(key)) left->is_busy = false;
    throw;
  }
  entry = find(key);
  if (entry == nullptr) co_return none_such(key.second);
  entry->is_busy = false;
  if (!sealed) {
    const auto error = sealed.error();
    co_await settle(key, RecordingState::kFailed, error.detail);
    co_return error;
  }
  entry->recording = *sealed;
  spool_bytes_ += sealed->bytes;
  co_await settle(key, RecordingState::kUploading, finished.why);
  wake_up();
  co_return Status();
}

net::Task<Status> UploadQueue::fail(SessionId session, std::string name, std::string why) {
  const Key key{session, std::move(name)};
  const Entry* entry = find(key);
  if (entry == nullptr) co_return none_such(key.second);
  if (entry->recording.state != RecordingState::kRecording || entry->is_busy) co_return Status();
  co_await settle(key, RecordingState::kFailed, std::move(why));
  co_return Status();
}

void UploadQueue::refuse(SessionId session, std::string name, RecordingKind kind, std::string why) {
  const Key key{session, std::move(name)};
  if (removals_.contains(key)) return;
  Recording recording{.session = session, .name = key.second, .kind = kind};
  recording.state = RecordingState::kFailed;
  recording.why = std::move(why);
  recording.changed_at = clock_.wall();
  // The upkeep writes it: whatever began it has no time left.
  const auto made = entries_.try_emplace(key, Entry{.recording = recording, .is_on_disk = false});
  if (made.second && told_) told_(recording);
}

net::Task<Status> UploadQueue::remove(SessionId session, std::string name) {
  const Key key{session, std::move(name)};
  const Entry* entry = find(key);
  if (entry == nullptr) co_return none_such(key.second);
  if (entry->recording.state == RecordingState::kUploading && entry->may_be_stored)
    co_return co_await owe_removal(key);
  const auto removed = co_await remove_now(key);
  if (removed) co_return removed;
  // Whoever asks does not ask again.
  co_return co_await owe_removal(key);
}

net::Task<Status> UploadQueue::remove_now(Key key) {
  const Entry* entry = find(key);
  if (entry == nullptr) co_return Status();
  const Recording recording = entry->recording;
  // One that failed may be in the store, where that was not noted in time.
  if (recording.is_settled() && !recording.sha256.empty()) {
    const auto removed = co_await remove_object(recording);
    if (!removed) co_return removed;
  }
  co_return co_await forget(key);
}

net::Task<Status> UploadQueue::forget(Key key) {
  // It is out of reach before its files go, so that nobody writes its manifest anew.
  auto taken = entries_.extract(key);
  if (taken.empty()) co_return Status();
  std::function<Status()> work = [this, recording = taken.mapped().recording] {
    return spool_.forget(recording);
  };
  const auto forgotten = co_await on_disk(std::move(work));
  if (!forgotten) entries_.insert(std::move(taken));
  co_return forgotten;
}

std::vector<Recording> UploadQueue::of(const SessionId& session) const {
  std::vector<Recording> found;
  for (auto each = entries_.lower_bound({session, ""});
       each != entries_.end() && each->first.first == session; ++each)
    found.push_back(each->second.recording);
  return found;
}

std::vector<Recording> UploadQueue::all() const {
  std::vector<Recording> found;
  for (const auto& [key, entry] : entries_) found.push_back(entry.recording);
  return found;
}

std::map<RecordingState, std::size_t> UploadQueue::counts() const {
  std::map<RecordingState, std::size_t> counts;
  for (const auto& [key, entry] : entries_) ++counts[entry.recording.state];
  return counts;
}

bool UploadQueue::is_busy() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const auto& each) {
    const auto& [key, entry] = each;
    return entry.recording.state == RecordingState::kUploading && entry.tries == 0;
  });
}

std::vector<Recording> UploadQueue::interrupted() const {
  std::vector<Recording> found;
  for (const auto& [key, entry] : entries_) {
    if (entry.recording.state == RecordingState::kRecording) found.push_back(entry.recording);
  }
  return found;
}

UploadQueue::Entry* UploadQueue::find(const Key& key) {
  const auto found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

net::Task<Status> UploadQueue::on_disk(std::function<Status()> work) {
  co_return co_await disk_.run<void>(std::move(work));
}

net::Task<void> UploadQueue::settle(Key key, RecordingState state, std::string why) {
  Entry* entry = find(key);
  if (entry == nullptr) co_return;
  entry->recording.state = state;
  entry->recording.why = std::move(why);
  entry->recording.changed_at = clock_.wall();
  co_await write(key);
  entry = find(key);
  if (entry != nullptr && told_) told_(entry->recording);
}

net::Task<void> UploadQueue::write(Key key) {
  Entry* entry = find(key);
  if (entry == nullptr) co_return;
  entry->is_on_disk = false;
  std::function<Status()> work = [this, recording = entry->recording] {
    return spool_.write(recording);
  };
  const auto written = co_await on_disk(std::move(work));
  entry = find(key);
  if (entry == nullptr) co_return;
  entry->is_on_disk = written.has_value();
  // A full disk is written to again by the upkeep; what the manifest says until then is older, and
  // a process that begins with it does some work twice.
  if (!written)
    log::warn(
        "manifest not written",
        {{"session", key.first.text()}, {"name", key.second}, {"why", written.error().detail}});
}

void UploadQueue::put_off(Entry& entry, const std::string& why) {
  const auto ceiling = std::min<std::int64_t>(
      limits_.retry_most.count(), limits_.retry_first.count() << std::min(entry.tries, 20));
  ++entry.tries;
  const Duration wait{std::uniform_int_distribution<std::int64_t>(0, ceiling)(random_)};
  entry.next_try = clock_.now() + wait;
  // Why it is truncated is worth more than why it waits.
  if (!entry.recording.truncated) entry.recording.why = why;
  if (told_) told_(entry.recording);
}

void UploadQueue::wake_up() {
  for (auto* each : *sleepers_) each->cancel();
}

void UploadQueue::hurry() {
  for (auto& [key, entry] : entries_) {
    if (entry.tries == 0) continue;
    entry.tries = 0;
    entry.next_try = Instant{};
  }
  wake_up();
}

net::Task<void> UploadQueue::measure() {
  std::uint64_t known = 0;
  std::set<SessionId> growing;
  for (const auto& [key, entry] : entries_) {
    if (entry.recording.state == RecordingState::kRecording) growing.insert(key.first);
  }
  for (const auto& [key, entry] : entries_) {
    if (has_file(entry.recording) && !growing.contains(key.first)) known += entry.recording.bytes;
  }
  std::function<Result<std::pair<std::uint64_t, std::uint64_t>>()> work =
      [this, growing = std::move(growing)]() -> Result<std::pair<std::uint64_t, std::uint64_t>> {
    std::uint64_t bytes = 0;
    for (const auto& session : growing) bytes += spool_.bytes_of(session);
    return std::pair(bytes, spool_.bytes_free());
  };
  const auto measured =
      co_await disk_.run<std::pair<std::uint64_t, std::uint64_t>>(std::move(work));
  if (!measured) co_return;
  spool_bytes_ = known + measured->first;
  disk_bytes_free_ = measured->second;
}

net::Task<void> UploadQueue::write_pending() {
  std::vector<Key> pending;
  for (const auto& [key, entry] : entries_) {
    if (!entry.is_on_disk && !entry.is_busy) pending.push_back(key);
  }
  for (const auto& key : pending) co_await write(key);
}

net::Task<Status> UploadQueue::remove_object(const Recording& recording) {
  const auto key = object_key(recording.session, recording.name);
  const auto deadline = Deadline::after(clock_, kStoreCallTime);
  const auto found = co_await store_.head(key, deadline);
  if (!found) co_return found.error();
  // What somebody else put there is not ours to remove.
  if (!*found || (*found)->sha256 != recording.sha256) co_return Status();
  co_return co_await store_.remove(key, deadline);
}

net::Task<Status> UploadQueue::owe_removal(Key key) {
  auto taken = entries_.extract(key);
  if (taken.empty()) co_return Status();
  auto& entry = taken.mapped();
  Recording recording = entry.recording;
  recording.removed = true;
  // What busies one that is stored already ends without a word.
  const bool is_uploaded = entry.is_busy && recording.state == RecordingState::kUploading;
  removals_.emplace(key, Removal{recording, is_uploaded});
  std::function<Status()> work = [this, recording] {
    const auto written = spool_.write(recording);
    return written ? spool_.remove_file(recording) : written;
  };
  const auto written = co_await on_disk(std::move(work));
  const auto owed = removals_.find(key);
  // It is removed by now, or soon.
  if (written || owed == removals_.end() || owed->second.is_busy) co_return Status();
  // It stays, as whoever asks is told.
  entry.is_busy = false;
  removals_.erase(owed);
  entries_.insert(std::move(taken));
  co_return written;
}

net::Task<Status> UploadQueue::remove_owed(Key key) {
  auto owed = removals_.find(key);
  if (owed == removals_.end() || owed->second.is_busy) co_return Status();
  owed->second.is_busy = true;
  const Recording recording = owed->second.recording;
  const auto removed = co_await remove_object(recording);
  std::function<Status()> work = [this, recording] { return spool_.forget(recording); };
  auto forgotten = removed;
  if (removed) forgotten = co_await on_disk(std::move(work));
  owed = removals_.find(key);
  if (owed == removals_.end()) co_return forgotten;
  owed->second.is_busy = false;
  if (forgotten) removals_.erase(owed);
  co_return forgotten;
}

net::Task<void> UploadQueue::remove_owed() {
  std::vector<Key> keys;
  for (const auto& [key, removal] : removals_) keys.push_back(key);
  int failures = 0;
  for (const auto& key : keys) {
    const auto removed = co_await remove_owed(key);
    if (!removed && ++failures == kFailuresMax) co_return;
  }
}

void UploadQueue::note_told(const Recording& recording) {
  Entry* entry = find({recording.session, recording.name});
  if (entry != nullptr && recording.is_settled()) entry->is_told = true;
}

net::Task<void> UploadQueue::forget_most() {
  std::vector<std::pair<WallTime, Key>> settled;
  for (const auto& [key, entry] : entries_) {
    if (entry.is_told && !entry.is_busy) settled.emplace_back(entry.recording.changed_at, key);
  }
  if (settled.size() <= limits_.settled_max) co_return;
  std::sort(settled.begin(), settled.end());
  for (std::size_t n = 0; n + limits_.settled_max < settled.size(); ++n)
    (void)co_await forget(settled[n].second);
}

net::Task<void> UploadQueue::upkeep() {
  co_await measure();
  co_await write_pending();
  co_await remove_owed();
  co_await forget_most();
}

net::Task<void> UploadQueue::run_upkeep() {
  for (;;) {
    co_await upkeep();
    co_await net::sleep_for(limits_.upkeep_every);
  }
}

}  // namespace pbaas::store
