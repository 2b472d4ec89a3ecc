// Sessions as the gateway offers them: created on the least loaded worker, in turn where all are
// full, found, listed, ended. Keeps nothing it cannot lose but the creates that wait in it. Loop
// thread only.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "gateway/worker_client.h"
#include "gateway/worker_directory.h"
#include "net/event.h"
#include "net/task_group.h"
#include "store/fleet.h"
#include "store/session_log.h"

namespace pbaas::gateway {

class SessionService {
 public:
  SessionService(net::Loop& loop, const Clock& clock, store::Fleet& fleet, store::SessionLog& log,
                 WorkerClient& workers, WorkerDirectory& directory, Metrics& metrics);

  // Waits for a slot, then for the browser. A cancelled create leaves no session and no browser.
  // Errors: kQueueFull, kNoCapacity, kDraining, kLaunchFailed, kSessionEnded (ended by somebody
  // while it waited), kRecordingsFull, kStoreUnavailable.
  net::Task<Result<session::Session>> create(session::SessionOptions options, std::string owner);
  // The same, once per key: again it gives the session of the first time. Errors also:
  // kIdempotencyMismatch.
  net::Task<Result<session::Session>> create_once(session::SessionOptions options,
                                                  store::IdempotencyKey key);

  // A session of another owner is no session. Errors: kNoSuchSession, kStoreUnavailable.
  net::Task<Result<session::Session>> find(const SessionId& id, const std::string& owner);
  net::Task<Result<session::Session>> end(const SessionId& id, const std::string& owner);
  net::Task<Result<store::SessionPage>> list(store::SessionQuery query);
  // Errors also: kSessionEnded naming the end_reason, kSessionNotRunning.
  net::Task<Result<BrowserEndpoint>> endpoint(const SessionId& id, const std::string& owner);

  // No new sessions from now on; those that wait are refused.
  void stop_admitting();
  // Done when what goes on by itself after an answer is done, or at the deadline.
  net::Task<void> settled(Deadline deadline) { return tasks_.idle(clock_, deadline); }
  // A create that waits may ask for its slot again: its turn has come.
  void wake(const SessionId& id);
  // Creates that wait for a slot here.
  std::size_t waiting() const;

  // What an unknown session and a stranger's are answered.
  static Error no_such_session();

 private:
  struct Waiting;
  class PendingCreate;

  net::Task<Result<session::Session>> run_create(PendingCreate& pending, Deadline deadline);
  net::Task<Result<store::WorkerRef>> place_in_turn(PendingCreate& pending, Deadline deadline);
  net::Task<Result<store::WorkerRef>> wait_for_turn(PendingCreate& pending, Deadline deadline,
                                                    std::size_t position);
  net::Task<Result<session::Session>> start_on(store::WorkerRef worker,
                                               const session::Session& session);
  net::Task<Result<session::Session>> await_other(SessionId id, Deadline deadline);
  net::Task<void> clean_up(SessionId id, std::optional<store::WorkerRef> worker);
  net::Task<Result<session::Session>> end_on_worker(const session::Session& session);
  std::optional<store::WorkerRef> worker_of(const session::Session& session) const;
  std::vector<std::string> to_avoid();
  session::Session new_session(session::SessionOptions options, std::string owner) const;
  session::Session end_waiting(Waiting& waiting, session::Session session);
  void count_refused(const Error& error);
  void record_end(const session::Session& session);

  net::Loop& loop_;
  const Clock& clock_;
  store::Fleet& fleet_;
  store::SessionLog& log_;
  WorkerClient& workers_;
  WorkerDirectory& directory_;
  Metrics& metrics_;
  std::map<SessionId, Waiting*>
      waiting_;  // creates that wait in this gateway, for whoever ends one
  std::map<std::string, Instant> avoided_;  // workers that did not answer, and until when
  bool draining_ = false;
  net::TaskGroup tasks_;
};

}  // namespace pbaas::gateway
