#include "store/spool_writer.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace pbaas::store {

using session::Session;

namespace {
constexpr std::size_t kSpoolJobsMax = 1000;  // Calls that may wait for the thread.
constexpr std::size_t kQueueMax = 10'000;  // States that wait for a disk that is busy, one by one;
constexpr std::size_t kHeldMax = 100'000;  // and beyond that the newest of so many sessions.
constexpr std::size_t kAppendedMax = 1000;
constexpr Duration kAppendRetryDelay{500};

template <typename States>
std::optional<Session> newest_in(const States& states, const SessionId& id) {
  const auto found = std::find_if(states.rbegin(), states.rend(),
                                  [&](const auto& state) { return state.session.id == id; });
  if (found == states.rend()) return std::nullopt;
  return found->session;
}

}  // namespace

SpoolWriter::SpoolWriter(net::Loop& loop, std::unique_ptr<Spool> spool,
                         std::function<void()> on_more)
    : spool_(std::move(spool)),
      on_more_(std::move(on_more)),
      thread_(loop, "session-spool", kSpoolJobsMax) {}

void SpoolWriter::finish() {
  thread_.finish();
}

EventKey SpoolWriter::new_key() {
  return {spool_->epoch(), kSeqsOfState * next_number_++};
}

EventKey SpoolWriter::next_key() {
  const std::lock_guard lock(mutex_);
  return new_key();
}

void SpoolWriter::add(const Session& session) {
  {
    const std::lock_guard lock(mutex_);
    if (held_.empty() && !delivering_ && queue_.size() < kQueueMax) {
      queue_.push_back({session, new_key()});
      last_added_ = queue_.back().key.seq;
    } else {
      keep_in_memory(session);
    }
    if (std::exchange(append_scheduled_, true)) return;
  }
  thread_.post_later(Duration{0}, [this] { append_all(); });
}

void SpoolWriter::keep_in_memory(const Session& session) {
  if (held_.size() >= kHeldMax && !held_.contains(session.id)) {
    if (stats_.lost++ % kHeldMax == 0) log::error("session_log_lost", {{"why", "no room"}});
    return;
  }
  if (!held_.add(session)) ++stats_.coalesced;
}

SpoolWriter::Batch SpoolWriter::take_batch() {
  const std::lock_guard lock(mutex_);
  std::vector<WrittenState> batch;
  while (!queue_.empty() && batch.size() < kAppendedMax) {
    batch.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  // What is held is newer than the queue, and older than what is added from now on.
  if (batch.empty() && !delivering_) {
    for (auto& session : held_.take(kAppendedMax)) batch.push_back({std::move(session), new_key()});
  }
  if (batch.empty()) append_scheduled_ = false;
  if (!batch.empty())
    appending_ = std::make_shared<const std::vector<WrittenState>>(std::move(batch));
  return appending_;
}

void SpoolWriter::append_all() {
  for (;;) {
    const auto batch = take_batch();
    if (!batch) return;
    if (const auto appended = spool_->append(*batch); !appended)
      return hold(*batch, appended.error());
    {
      const std::lock_guard lock(mutex_);
      appending_.reset();
      last_appended_ = batch->back().key.seq;
      last_added_ = std::max(last_added_, last_appended_);
    }
    sync_later();
    on_more_();
  }
}

// What is held already is newer than both, and stays where it is, however much that is: the loop
// waits for the mutex. The queue bounds what comes beyond the limit of what is held.
void SpoolWriter::hold(const std::vector<WrittenState>& states, const Error& error) {
  std::size_t held = 0;
  {
    const std::lock_guard lock(mutex_);
    std::vector<Session> newest_first;
    newest_first.reserve(queue_.size() + states.size());
    for (; !queue_.empty(); queue_.pop_back())
      newest_first.push_back(std::move(queue_.back().session));
    for (auto state = states.rbegin(); state != states.rend(); ++state)
      newest_first.push_back(state->session);
    stats_.coalesced += held_.put_back(std::move(newest_first));
    appending_.reset();
    ++stats_.failed_batches;
    held = held_.size();
  }
  log::error("session_spool_failed", {{"error", boost::json::value(error.detail)}, {"held", held}});
  on_more_();
  if (std::exchange(retry_scheduled_, true)) return;
  thread_.post_later(kAppendRetryDelay, [this] {
    retry_scheduled_ = false;
    append_all();
  });
}

void SpoolWriter::sync_later() {
  if (std::exchange(sync_scheduled_, true)) return;
  thread_.post_later(kSyncAfter, [this] {
    sync_scheduled_ = false;
    const auto synced = spool_->sync();
    if (!synced)
      log::error("session_spool_failed", {{"error", boost::json::value(synced.error().detail)}});
  });
}

// Where writing fails it is left to the retry: a full disk would be met by each call.
net::Task<void> SpoolWriter::written() {
  std::function<Status()> write = [this]() -> Status {
    if (!retry_scheduled_) append_all();
    return {};
  };
  (void)co_await thread_.run<void>(std::move(write));
}

net::Task<Status> SpoolWriter::flush() {
  return thread_.run<void>([this]() -> Status {
    append_all();
    {
      const std::lock_guard lock(mutex_);
      if (!held_.empty() || delivering_) {
        return Error{Fault::kStoreUnavailable,
                     "neither the database nor the spool takes all of the session log", "", 1};
      }
    }
    return spool_->sync();
  });
}

std::int64_t SpoolWriter::last_added() const {
  const std::lock_guard lock(mutex_);
  return last_added_;
}

bool SpoolWriter::all_appended(std::int64_t seq) const {
  const std::lock_guard lock(mutex_);
  if (!held_.empty() || delivering_) return false;
  const bool is_queued = !queue_.empty() && queue_.front().key.seq <= seq;
  return !is_queued && (!appending_ || last_appended_ >= seq);
}

std::optional<Session> SpoolWriter::find_unappended(const SessionId& id) const {
  const std::lock_guard lock(mutex_);
  if (auto held = held_.find(id)) return held;
  if (auto queued = newest_in(queue_, id)) return queued;
  if (appending_) return newest_in(*appending_, id);
  if (delivering_) return newest_in(*delivering_, id);
  return std::nullopt;
}

std::vector<WrittenState> SpoolWriter::take_held(std::size_t count) {
  const std::lock_guard lock(mutex_);
  std::vector<WrittenState> states;
  if (appending_ || !queue_.empty()) return states;
  for (auto& session : held_.take(count)) states.push_back({std::move(session), new_key()});
  if (!states.empty()) delivering_ = std::make_shared<const std::vector<WrittenState>>(states);
  return states;
}

void SpoolWriter::held_delivered() {
  const std::lock_guard lock(mutex_);
  delivering_.reset();
  append_held_later();
}

void SpoolWriter::put_back_held() {
  const std::lock_guard lock(mutex_);
  std::vector<Session> sessions;
  for (const auto& state : *delivering_) sessions.push_back(state.session);
  stats_.coalesced += held_.put_back(std::move(sessions));
  delivering_.reset();
  append_held_later();
}

void SpoolWriter::append_held_later() {
  if (held_.empty() || std::exchange(append_scheduled_, true)) return;
  thread_.post_later(kAppendRetryDelay, [this] { append_all(); });
}

SessionLogStats SpoolWriter::stats() const {
  const std::lock_guard lock(mutex_);
  auto stats = stats_;
  stats.pending = queue_.size() + held_.size() + (delivering_ ? delivering_->size() : 0) +
                  (appending_ ? appending_->size() : 0);
  return stats;
}

}  // namespace pbaas::store
