#include "store/session_log_postgres.h"

#include <chrono>
#include <utility>

#include "store/newest_states.h"
#include "store/postgres_link.h"
#include "store/recording_table.h"
#include "store/spool_delivery.h"

namespace pbaas::store {

using session::Session;

namespace {

constexpr Duration kFlushTurn{50};
constexpr Duration kFlushMax{30'000};

auto in(Duration time) {
  return std::chrono::steady_clock::now() + time;
}

Error behind() {
  return {Fault::kStoreUnavailable,
          "what was recorded before is not in the session log's database yet", "", 1};
}

}  // namespace

struct PostgresSessionLog::Parts {
  Parts(net::Loop& loop, const std::string& url, std::unique_ptr<Spool> spool)
      : delivery(loop, url, std::move(spool)), reads(loop, "session-reads", url, {}) {}

  SpoolWriter& recorder() { return delivery.spool_writer(); }

  // On the thread of the reads.
  Result<Session> find(const SessionId& id, std::int64_t last) {
    if (delivery.undelivered(id)) delivery.wait_until_delivered(last);
    const auto own = delivery.undelivered(id);
    auto row = reads.use<Session>([&id](SessionTable& table) { return table.find(id); });
    if (!own) return row;
    // The database may know of an end that this process does not.
    if (row && !moves_forward(*row, *own)) return row;
    return *own;
  }

  SpoolDelivery delivery;
  PostgresLink reads;
};

Result<std::unique_ptr<PostgresSessionLog>> PostgresSessionLog::open(net::Loop& loop,
                                                                     Settings settings) {
  auto spool = Spool::open(settings.spool_folder, settings.spool_bytes_max);
  if (!spool) return spool.error();
  auto parts = std::make_unique<Parts>(loop, settings.url, std::move(*spool));
  if (const auto opened = parts->delivery.open(); !opened) return opened.error();
  return std::unique_ptr<PostgresSessionLog>(new PostgresSessionLog(std::move(parts)));
}

PostgresSessionLog::PostgresSessionLog(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

PostgresSessionLog::~PostgresSessionLog() = default;

void PostgresSessionLog::record(const Session& session) {
  parts_->recorder().add(session);
}

template <typename T>
net::Task<Result<T>> PostgresSessionLog::write(std::function<Result<T>(SessionTable&)> work) {
  return parts_->delivery.link().call<T>(
      [parts = parts_.get(), last = parts_->recorder().last_added(),
       work = std::move(work)](SessionTable& table) -> Result<T> {
        if (!parts->delivery.catch_up(last, table)) return behind();
        return work(table);
      });
}

template <typename T>
net::Task<Result<T>> PostgresSessionLog::read(std::function<Result<T>(SessionTable&)> work) {
  return parts_->reads.call<T>([parts = parts_.get(), last = parts_->recorder().last_added(),
                                work = std::move(work)](SessionTable& table) -> Result<T> {
    parts->delivery.wait_until_delivered(last);
    return work(table);
  });
}

net::Task<Result<std::optional<IdempotentSession>>> PostgresSessionLog::insert_once(
    const Session& session, const IdempotencyKey& key) {
  using Existing = std::optional<IdempotentSession>;
  return parts_->delivery.link().call<Existing>([parts = parts_.get(),
                                                 last = parts_->recorder().last_added(), session,
                                                 key](SessionTable& table) -> Result<Existing> {
    // A create does not wait for a long backlog: it was recorded by nobody before.
    (void)parts->delivery.catch_up(last, table);
    return table.insert_once(session, key);
  });
}

net::Task<Result<Session>> PostgresSessionLog::find(const SessionId& id) {
  return parts_->reads.thread().run<Session>(
      [parts = parts_.get(), id, last = parts_->recorder().last_added()] {
        return parts->find(id, last);
      });
}

net::Task<Result<SessionPage>> PostgresSessionLog::list(const SessionQuery& query) {
  return read<SessionPage>([query](SessionTable& table) { return table.list(query); });
}

net::Task<Result<std::size_t>> PostgresSessionLog::end_open(session::EndReason reason,
                                                            WallTime now) {
  return write<std::size_t>([=](SessionTable& table) { return table.end_open(reason, now); });
}

net::Task<Result<std::vector<WorkerRun>>> PostgresSessionLog::open_runs() {
  return read<std::vector<WorkerRun>>([](SessionTable& table) { return table.open_runs(); });
}

net::Task<Result<std::vector<SessionId>>> PostgresSessionLog::end_run(const WorkerRun& run,
                                                                      session::EndReason reason,
                                                                      WallTime now) {
  return write<std::vector<SessionId>>(
      [=](SessionTable& table) { return table.end_run(run, reason, now); });
}

net::Task<Result<std::vector<SessionId>>> PostgresSessionLog::end_forgotten(WallTime now) {
  return write<std::vector<SessionId>>(
      [=](SessionTable& table) { return table.end_forgotten(now); });
}

net::Task<Result<RunRows>> PostgresSessionLog::rows_of(const WorkerRun& run,
                                                       const std::vector<SessionId>& held) {
  return parts_->reads.call<RunRows>([parts = parts_.get(), last = parts_->recorder().last_added(),
                                      run, held](SessionTable& table) -> Result<RunRows> {
    // Rows that are behind would look like differences, and be repaired.
    if (!parts->delivery.wait_until_delivered(last)) return behind();
    return table.rows_of(run, held);
  });
}

net::Task<void> PostgresSessionLog::written() {
  return parts_->recorder().written();
}

net::Task<Status> PostgresSessionLog::flush() {
  auto& delivery = parts_->delivery;
  const auto last = delivery.spool_writer().last_added();
  const auto until = in(kFlushMax);
  // In turns, so that other calls need not wait for a long backlog.
  std::function<Result<bool>(SessionTable&)> turn = [&delivery, last](SessionTable& table) {
    return Result<bool>(delivery.deliver_until(last, table, in(kFlushTurn)));
  };
  while (std::chrono::steady_clock::now() < until) {
    auto done = co_await delivery.link().call<bool>(turn);
    if (!done) break;
    if (*done) co_return Status{};
    if (delivery.is_failing()) break;
  }
  co_return co_await delivery.spool_writer().flush();
}

net::Task<Result<bool>> PostgresSessionLog::note(Recording recording) {
  return write<bool>([recording = std::move(recording)](SessionTable& table) {
    return RecordingTable(table.database()).note(recording);
  });
}

net::Task<Result<std::vector<Recording>>> PostgresSessionLog::recordings_of(SessionId session) {
  return read<std::vector<Recording>>([session = std::move(session)](SessionTable& table) {
    return RecordingTable(table.database()).of(session);
  });
}

net::Task<Result<std::optional<Recording>>> PostgresSessionLog::remove_recording(SessionId session,
                                                                                 std::string name,
                                                                                 RecordingKind kind,
                                                                                 WallTime now) {
  return write<std::optional<Recording>>(
      [session = std::move(session), name = std::move(name), kind, now](SessionTable& table) {
        return RecordingTable(table.database()).remove(session, name, kind, now);
      });
}

net::Task<Result<std::vector<Recording>>> PostgresSessionLog::outlived(
    std::chrono::seconds lifetime, std::optional<Recording> behind, std::size_t count) {
  return read<std::vector<Recording>>(
      [lifetime, behind = std::move(behind), count](SessionTable& table) {
        return RecordingTable(table.database()).outlived(lifetime, behind, count);
      });
}

SessionLogStats PostgresSessionLog::stats() const {
  return parts_->delivery.stats();
}

}  // namespace pbaas::store
