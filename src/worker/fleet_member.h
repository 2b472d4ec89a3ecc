// A FleetMember keeps a worker's place in the fleet: it says in a heartbeat that the worker is
// there and what it has, holds the lease that comes with it, gives slots back, and every few
// seconds repairs what fleet, session log and worker do not agree about. Embedded or not, it is the
// same. Owned by main, outlives its tasks' loop; loop thread only.
#pragma once

#include <set>

#include "base/metrics.h"
#include "net/task_group.h"
#include "session/worker_lease.h"
#include "store/fleet.h"
#include "store/session_log.h"
#include "worker/worker.h"

namespace pbaas::worker {

struct MembershipTimes {
  Duration heartbeat = store::Fleet::kHeartbeat;
  // How long the worker goes on without the fleet before it ends its own sessions.
  Duration lease{90'000};
};

class FleetMember {
 public:
  FleetMember(net::Loop& loop, const Clock& clock, Worker& worker, store::Fleet& fleet,
              store::SessionLog& log, Metrics& metrics, MembershipTimes times);

  // Begins the heartbeats, one at once and then one in each interval, and beside them the repairs:
  // a log that is slow must not keep a worker from saying that it is there.
  void start();
  // One heartbeat, and what it found repaired.
  net::Task<void> beat();
  // Compares the worker's sessions with the log's open rows, and repairs either.
  net::Task<void> reconcile();
  // The worker is about to stop: the fleet need not miss it.
  net::Task<void> leave();
  // An ended session's browser is gone: its slot is free for others.
  void session_gone(const session::Session& session);

 private:
  net::Task<void> run(net::Task<void> (FleetMember::*work)());
  net::Task<void> end_former_runs();
  net::Task<bool> end_former_run(session::WorkerRun run);
  net::Task<void> give_back(SessionId session);
  net::Task<void> publish(std::vector<SessionId> sessions);
  void end_what_ended_elsewhere(const std::vector<SessionId>& ended);
  net::Task<void> close_row(SessionId id);
  void fleet_answered(Instant asked);
  void fleet_silent(const Error& error);
  void count_repaired(const char* kind, std::size_t repaired);

  const Clock& clock_;
  Worker& worker_;
  store::Fleet& fleet_;
  store::SessionLog& log_;
  Metrics& metrics_;
  const MembershipTimes times_;
  session::WorkerLease lease_;
  bool silent_ = false;
  bool left_ = false;
  bool former_runs_ended_ = false;
  // Rows that were open in the log but not held here, as of the last look: a second look tells an
  // end that is on its way from one that was lost.
  std::set<SessionId> suspects_;
  net::TaskGroup tasks_;
};

}  // namespace pbaas::worker
