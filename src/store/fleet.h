// The fleet: which workers there are and how loaded, which creates wait for a slot, where each
// session is, and which sessions' deadlines have passed. Fast state that may be lost at any moment
// and is rebuilt from the workers' heartbeats. Two implementations, memory and Redis, pass one
// contract test. Loop thread only; every call may fail with kStoreUnavailable.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"
#include "session/session.h"

namespace pbaas::store {

enum class WorkerState { kReady, kDraining };

std::string_view to_word(WorkerState state);
std::optional<WorkerState> worker_state_from_word(std::string_view word);

// One run of one worker, and where it is asked.
struct WorkerRef {
  std::string id;
  std::string epoch;  // random at each start of the worker: a command for another epoch is refused
  std::string address;  // host:port of its control API; empty in this process
  bool operator==(const WorkerRef&) const = default;
};

struct WorkerStatus {
  WorkerRef worker;
  WorkerState state = WorkerState::kReady;
  int capacity = 0;
  int used = 0;
  std::string version;
  int warm = 0;  // spares that wait for a session, as of the last heartbeat
};

struct SessionPlace {
  SessionId session;
  WorkerRef worker;
  session::BrowserAddress browser;
  Instant deadline;     // by the caller's clock: the next moment at which a sweeper must look at it
  std::string owner{};  // the tenant
};

// Where a create was placed; or nowhere yet, and then how many are served before it.
struct Placement {
  std::optional<WorkerStatus> worker;
  std::size_t position = 0;
};

// What a heartbeat found and repaired: where the fleet and the worker disagreed.
struct Discrepancies {
  // Sessions of the worker whose place the fleet does not know: the worker publishes them.
  std::vector<SessionId> unpublished;
  // Counted in on the worker for longer than a start takes to reach it, and unknown there: dropped.
  std::size_t dropped = 0;
};

class Fleet {
 public:
  // A worker reports this often; one silent for three of them is gone.
  static constexpr Duration kHeartbeat{5'000};
  // How long a slot that was counted in may stay unknown to its worker.
  static constexpr Duration kPlacementMax{10'000};
  // A create that waits asks again at least this often; else it has left, as has its gateway.
  static constexpr Duration kAskAgain{1'000};
  static constexpr Duration kTicketMax{5'000};

  virtual ~Fleet() = default;

  // A worker says that it is there and how it is; also its registration. It is gone when it has not
  // said so for three heartbeats. `sessions` are all that hold a slot there: what is used is they
  // and what was placed there since, so `worker.used` is not read. A run of another epoch takes the
  // place of the one before, whose sessions are forgotten.
  virtual net::Task<Result<Discrepancies>> heartbeat(const WorkerStatus& worker,
                                                     const std::vector<SessionId>& sessions) = 0;
  virtual net::Task<Result<std::vector<WorkerStatus>>> workers() = 0;
  // Drops a worker that is lost, if it is still of that epoch, and what was placed on it.
  virtual net::Task<Status> forget(const WorkerRef& worker) = 0;

  // Asks for a slot: if it is this session's turn, chooses the least loaded ready worker with room
  // that is none of `avoid` (ids of workers, a few), and counts the session in, atomically. Else
  // the session waits in the queue, fair between owners over all gateways, and must ask again
  // (kAskAgain, or sooner). Placed already: the same again. Errors: kQueueFull.
  virtual net::Task<Result<Placement>> place(const SessionId& session, const std::string& owner,
                                             const std::vector<std::string>& avoid) = 0;
  // Takes back what `place` gave, a place in the queue or a slot, and what `publish` said.
  virtual net::Task<Status> release(const SessionId& session) = 0;
  // Creates that wait, of all gateways.
  virtual net::Task<Result<std::size_t>> waiting() = 0;

  virtual net::Task<Status> publish(const SessionPlace& place) = 0;
  // Errors: kNoSuchSession.
  virtual net::Task<Result<SessionPlace>> find(const SessionId& session) = 0;
  // Gives up to `limit` sessions whose deadline has passed, the longest overdue first, and moves
  // each one's deadline by `hold`, so that no other sweeper gets it meanwhile.
  virtual net::Task<Result<std::vector<SessionPlace>>> claim_due(Duration hold,
                                                                 std::size_t limit) = 0;
};

// How long things last in a fleet: other than these only in tests.
struct FleetTimes {
  Duration heartbeat = Fleet::kHeartbeat;
  Duration placement_max = Fleet::kPlacementMax;
  Duration ticket_max = Fleet::kTicketMax;
  Duration worker_max() const { return 3 * heartbeat; }
};

}  // namespace pbaas::store
