#include "store/spool_delivery.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/migrations.h"

namespace pbaas::store {

using session::Session;

namespace {
// A transaction of so many takes some 50 ms: far below the limit of a call, far above its cost.
constexpr std::size_t kDeliveredMax = 500;
constexpr Duration kDeliveryRetryDelay{500};
// How long a turn lasts before whoever waits for the connection gets his.
constexpr Duration kTurnMax{50};
constexpr Duration kLastTryMax{2000};
// How long a call waits for what was recorded before it. In the good case that is a few
// milliseconds away; after a long absence of PostgreSQL it is not, and the call goes on.
constexpr Duration kCatchUpMax{300};
}  // namespace

SpoolDelivery::SpoolDelivery(net::Loop& loop, const std::string& url, std::unique_ptr<Spool> spool)
    : spool_writer_(loop, std::move(spool),
                    [this] {
                      {
                        const std::lock_guard lock(mutex_);
                        ++appended_;
                      }
                      progress_.notify_all();
                      schedule(Duration{0});
                    }),
      link_(loop, "session-log", url,
            {.next_key = [this] { return spool_writer_.next_key(); },
             .prepare = [this](PostgresDatabase& database) { return prepare(database); },
             .on_connected = [this] { schedule(Duration{0}); }}) {}

SpoolDelivery::~SpoolDelivery() {
  spool_writer_.finish();
  if (!link_.is_away()) {
    const auto until = std::chrono::steady_clock::now() + kLastTryMax;
    link_.thread().post([this, until] {
      (void)link_.use<bool>([this, until](SessionTable& table) -> Result<bool> {
        return deliver_until(spool_writer_.last_added(), table, until);
      });
    });
  }
  link_.finish();
  if (const auto left = stats(); left.pending > 0)
    log::error("session_log_lost", {{"sessions", left.pending}});
  else if (left.spool_bytes > 0)
    log::warn("session_log_left_in_spool", {{"bytes", left.spool_bytes}});
}

Status SpoolDelivery::open() {
  return link_.open();
}

Status SpoolDelivery::prepare(PostgresDatabase& database) {
  if (is_migrated_) return {};
  if (const auto applied = apply_migrations(database, postgres_migrations()); !applied)
    return applied;
  is_migrated_ = true;
  return database.limit_calls(PostgresDatabase::kCallMax);
}

void SpoolDelivery::schedule(Duration delay) {
  if (!is_scheduled_.exchange(true)) link_.thread().post_later(delay, [this] { deliver_some(); });
}

void SpoolDelivery::deliver_some() {
  is_scheduled_ = false;
  if (link_.is_away()) return;  // It schedules when it is back.
  const auto until = std::chrono::steady_clock::now() + kTurnMax;
  const auto done = link_.use<Progress>([this, until](SessionTable& table) -> Result<Progress> {
    auto progress = Progress::kDelivered;
    while (progress == Progress::kDelivered && std::chrono::steady_clock::now() < until)
      progress = deliver_batch(table);
    return progress;
  });
  if (!done || link_.is_away()) return progress_.notify_all();
  // A moment for whoever waits: what is due goes before what is posted.
  if (*done == Progress::kDelivered) schedule(Duration{1});
  if (*done == Progress::kFailed) schedule(kDeliveryRetryDelay);
}

SpoolDelivery::Progress SpoolDelivery::deliver_batch(SessionTable& table) {
  const auto states = spool_writer_.spool().next(kDeliveredMax);
  if (!states) {
    failed(states.error());
    return Progress::kFailed;
  }
  return states->empty() ? deliver_held(table) : deliver_spooled(*states, table);
}

SpoolDelivery::Progress SpoolDelivery::deliver_spooled(const std::vector<WrittenState>& states,
                                                       SessionTable& table) {
  if (const auto wrote = write(states, table); !wrote) {
    failed(wrote.error());
    return Progress::kFailed;
  }
  spool_writer_.spool().delivered();
  note(states);
  return Progress::kDelivered;
}

// Where the disk is full the database may well be there.
SpoolDelivery::Progress SpoolDelivery::deliver_held(SessionTable& table) {
  const auto states = spool_writer_.take_held(kDeliveredMax);
  if (states.empty()) return Progress::kNothingToDo;
  const auto wrote = write(states, table);
  if (!wrote) {
    spool_writer_.put_back_held();
    failed(wrote.error());
    return Progress::kFailed;
  }
  spool_writer_.held_delivered();
  note(states);
  return Progress::kDelivered;
}

Status SpoolDelivery::write(const std::vector<WrittenState>& states, SessionTable& table) {
  auto wrote = table.write(states);
  if (wrote || wrote.error().fault != Fault::kInternal) return wrote;
  return write_one_by_one(states, table);
}

// One of them is not to the database's liking, and will never be: the others must not wait for it.
Status SpoolDelivery::write_one_by_one(const std::vector<WrittenState>& states,
                                       SessionTable& table) {
  for (const auto& state : states) {
    const auto wrote = table.write({state});
    if (wrote) continue;
    if (wrote.error().fault != Fault::kInternal) return wrote;
    ++refused_;
    log::error("session_log_refused", {{"session", boost::json::value(state.session.id.text())},
                                       {"why", boost::json::value(wrote.error().detail)}});
    spool_writer_.spool().set_aside(state, wrote.error().detail);
  }
  return {};
}

void SpoolDelivery::note(const std::vector<WrittenState>& states) {
  is_failing_ = false;
  written_ += states.size();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& state : states) {
      if (state.key.epoch == spool_writer_.spool().epoch())
        delivered_ = std::max(delivered_, state.key.seq);
    }
  }
  progress_.notify_all();
}

void SpoolDelivery::failed(const Error& error) {
  is_failing_ = true;
  ++failed_batches_;
  log::error("session_log_write_failed", {{"error", boost::json::value(error.detail)}});
  progress_.notify_all();
}

bool SpoolDelivery::is_delivered(std::int64_t seq) const {
  return spool_writer_.all_appended(seq) && delivered_ >= seq &&
         !spool_writer_.spool().has_leftovers();
}

bool SpoolDelivery::deliver_until(std::int64_t seq, SessionTable& table, Moment until) {
  for (;;) {
    std::uint64_t appended = 0;
    {
      const std::lock_guard lock(mutex_);
      if (is_delivered(seq)) return true;
      appended = appended_;
    }
    if (std::chrono::steady_clock::now() >= until) return false;
    const auto progress = deliver_batch(table);
    if (progress == Progress::kFailed) return false;
    if (progress == Progress::kDelivered) continue;
    std::unique_lock lock(mutex_);
    progress_.wait_until(lock, until, [&] { return appended_ != appended || is_delivered(seq); });
  }
}

bool SpoolDelivery::catch_up(std::int64_t seq, SessionTable& table) {
  {
    const std::lock_guard lock(mutex_);
    if (is_far_behind()) return is_delivered(seq);
  }
  if (deliver_until(seq, table, std::chrono::steady_clock::now() + kCatchUpMax)) return true;
  const std::lock_guard lock(mutex_);
  waited_in_vain_for_ = seq;
  return false;
}

bool SpoolDelivery::wait_until_delivered(std::int64_t seq) {
  const auto until = std::chrono::steady_clock::now() + kCatchUpMax;
  std::unique_lock lock(mutex_);
  progress_.wait_until(lock, until,
                       [&] { return is_delivered(seq) || is_far_behind() || link_.is_away(); });
  if (is_delivered(seq)) return true;
  if (!is_far_behind()) waited_in_vain_for_ = seq;
  return false;
}

std::optional<Session> SpoolDelivery::undelivered(const SessionId& id) const {
  if (auto newest = spool_writer_.find_unappended(id)) return newest;
  return spool_writer_.spool().find(id);
}

SessionLogStats SpoolDelivery::stats() const {
  auto stats = spool_writer_.stats();
  stats.written = written_;
  stats.refused = refused_;
  stats.failed_batches += failed_batches_;
  stats.spool_bytes = spool_writer_.spool().bytes();
  stats.away = link_.is_away();
  return stats;
}

}  // namespace pbaas::store
