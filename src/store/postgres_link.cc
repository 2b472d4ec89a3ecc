#include "store/postgres_link.h"

#include <algorithm>

#include "base/log.h"

namespace pbaas::store {
namespace {

// Between tries to connect: soon at first, then often enough to be back quickly, and for hundreds
// of processes together still little for a server that just started.
constexpr Duration kRetryMin{50};
constexpr Duration kRetryMax{1000};

}  // namespace

PostgresLink::PostgresLink(net::Loop& loop, const std::string& name, std::string url, Hooks hooks)
    : hooks_(std::move(hooks)),
      database_(std::move(url)),
      table_(database_, hooks_.next_key),
      thread_(loop, name, kJobsMax) {}

Error PostgresLink::away() {
  return {Fault::kStoreUnavailable, "PostgreSQL cannot be reached at the moment", "", 1};
}

void PostgresLink::finish() {
  is_finishing_ = true;
  thread_.finish();
}

Status PostgresLink::connect() {
  if (const auto connected = database_.connect(); !connected) return connected;
  if (hooks_.prepare) {
    if (const auto prepared = hooks_.prepare(database_); !prepared) return prepared;
  }
  failures_ = 0;
  if (is_away_.exchange(false)) log::info("session_log_is_back", {{"database", "postgresql"}});
  if (hooks_.on_connected) hooks_.on_connected();
  return {};
}

Status PostgresLink::open() {
  auto connected = connect();
  if (connected || connected.error().fault != Fault::kStoreUnavailable) return connected;
  // It is there, but not as it must be: of a newer program, or without our rights.
  if (database_.is_connected()) return connected;
  // The jobs of the thread are ordered after this by its mutex.
  go_away(connected.error());
  return {};
}

Status PostgresLink::ready() {
  if (is_away_) return away();
  if (database_.is_connected()) return {};
  auto connected = connect();
  if (!connected) go_away(connected.error());
  return connected;
}

void PostgresLink::check_connection() {
  if (is_away_ || database_.is_connected()) return;
  if (database_.went_silent()) {
    go_away({Fault::kStoreUnavailable, "PostgreSQL: no answer in time"});
  } else {
    // A server that was started anew has closed the connection, and takes another at once.
    (void)ready();
  }
}

void PostgresLink::go_away(const Error& why) {
  if (!is_away_.exchange(true))
    log::error("session_log_is_away", {{"why", boost::json::value(why.detail)}});
  const auto delay = std::min(kRetryMax, kRetryMin * (1 << std::min(failures_++, 8)));
  thread_.post_later(delay, [this] { reconnect(); });
}

void PostgresLink::reconnect() {
  // At the end of the thread all that was put off is done at once.
  if (is_finishing_) return;
  if (const auto connected = connect(); !connected) go_away(connected.error());
}

}  // namespace pbaas::store
