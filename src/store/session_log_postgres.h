// The session log in PostgreSQL, for any number of processes. What is recorded goes to a spool on
// disk and from there to the database, in order, at once where that is there; what a process that
// is gone left in the spool is delivered first. Calls that write share a connection with the
// delivery; those that read have another. Owned by main; called on the loop, which must outlive it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "store/recording_log.h"
#include "store/session_log.h"

namespace pbaas::store {

class SessionTable;

class PostgresSessionLog final : public SessionLog, public RecordingLog {
 public:
  struct Settings {
    std::string url;           // postgresql://…
    std::string spool_folder;  // made where it is missing
    std::size_t spool_bytes_max = 1ULL << 30;
  };

  // Blocks: for the start of the program. A database that cannot be reached is no error: it is
  // tried again, and meanwhile the spool takes what is recorded. Errors: kInvalidField
  // (DATABASE_URL: no URL, or refused), kStoreUnavailable (no spool, or a newer schema).
  static Result<std::unique_ptr<PostgresSessionLog>> open(net::Loop& loop, Settings settings);
  // Delivers what is left, if it can within seconds; else the next process does.
  ~PostgresSessionLog() override;

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
  // While PostgreSQL is there: also done with what earlier processes left in the spool.
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
  // The connections and what they share.
  struct Parts;
  explicit PostgresSessionLog(std::unique_ptr<Parts> parts);

  // Writes after all that was recorded is delivered, also by earlier processes.
  template <typename T>
  net::Task<Result<T>> write(std::function<Result<T>(SessionTable&)> work);
  // Reads after what was recorded is delivered, if that is soon.
  template <typename T>
  net::Task<Result<T>> read(std::function<Result<T>(SessionTable&)> work);

  std::unique_ptr<Parts> parts_;
};

}  // namespace pbaas::store
