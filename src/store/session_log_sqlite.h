// The session log in a SQLite database, for a service on one machine. Writes return at once and are
// made by the log's own thread, many in one transaction; of a session that changes faster than
// that, the newest state is written. Owned by main; called on the loop, which must outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/recording_log.h"
#include "store/session_log.h"

namespace pbaas::store {

class SessionTable;

class SqliteSessionLog final : public SessionLog, public RecordingLog {
 public:
  // Blocks: for the start of the program. Errors: kStoreUnavailable, with what is wrong with the
  // file.
  static Result<std::unique_ptr<SqliteSessionLog>> open(net::Loop& loop, const std::string& path);
  // Writes what is left, if it can.
  ~SqliteSessionLog() override;

  void record(const session::Session& session) override;
  net::Task<Result<std::optional<IdempotentSession>>> insert_once(
      const session::Session& session, const IdempotencyKey& key) override;
  net::Task<Result<session::Session>> find(const SessionId& id) override;
  net::Task<Result<SessionPage>> list(const SessionQuery& query) override;
  net::Task<Result<std::size_t>> end_open(session::EndReason reason, WallTime now) override;
  net::Task<Result<std::vector<WorkerRun>>> open_runs() override;
  net::Task<Result<std::vector<SessionId>>> end_run(const WorkerRun& run, session::EndReason reason,
                                                    WallTime now) override;
  net::Task<Result<std::vector<SessionId>>> end_forgotten(WallTime now) override;
  net::Task<Result<RunRows>> rows_of(const WorkerRun& run,
                                     const std::vector<SessionId>& held) override;
  net::Task<void> written() override;
  net::Task<Status> flush() override;
  SessionLogStats stats() const override;

  net::Task<Result<bool>> note(Recording recording) override;
  net::Task<Result<std::vector<Recording>>> recordings_of(SessionId session) override;
  net::Task<Result<std::optional<Recording>>> remove_recording(SessionId session, std::string name,
                                                               RecordingKind kind,
                                                               WallTime now) override;
  net::Task<Result<std::vector<Recording>>> outlived(std::chrono::seconds lifetime,
                                                     std::optional<Recording> behind,
                                                     std::size_t count) override;

 private:
  class Writer;
  // Does `work` on the thread, after what was recorded before it is written.
  template <typename T>
  net::Task<Result<T>> call(std::function<Result<T>(SessionTable&)> work);

  explicit SqliteSessionLog(std::unique_ptr<Writer> writer);
  std::unique_ptr<Writer> writer_;
};

}  // namespace pbaas::store
