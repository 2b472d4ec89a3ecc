// The fleet: which workers there are and how loaded, where each session is, and which sessions'
// deadlines have passed. Fast state that may be lost at any moment and is rebuilt from the workers.
// Two implementations: memory, and (with the fleet over several machines) Redis.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "net/task.h"
#include "session/session.h"

namespace pbaas::store {

enum class WorkerState { kReady, kDraining };

struct WorkerStatus {
  std::string id;
  std::string address;  // host:port of its control API; empty in this process
  std::string epoch;    // random at each start of the worker
  WorkerState state = WorkerState::kReady;
  int capacity = 0;
  int used = 0;
  std::string version;
};

struct SessionPlace {
  SessionId session;
  std::string worker;
  session::BrowserAddress browser;
  Instant deadline;     // the next moment at which a sweeper must look at it
  std::string owner{};  // the tenant
};

class Fleet {
 public:
  virtual ~Fleet() = default;

  // A worker says that it is there and how it is; also its registration.
  virtual net::Task<Status> heartbeat(const WorkerStatus& worker) = 0;
  virtual net::Task<Result<std::vector<WorkerStatus>>> workers() = 0;
  // Chooses the least loaded ready worker with room and counts the session in, atomically. Errors:
  // kNoCapacity, kDraining (workers there are, but none ready), kStoreUnavailable.
  virtual net::Task<Result<WorkerStatus>> place(const SessionId& session) = 0;
  // Takes back what `place` counted in, or a session that ended.
  virtual net::Task<Status> release(const SessionId& session) = 0;
  virtual net::Task<Status> publish(const SessionPlace& place) = 0;
  // Errors: kNoSuchSession.
  virtual net::Task<Result<SessionPlace>> find(const SessionId& session) = 0;
  // Gives up to `limit` sessions whose deadline has passed, and moves each one's deadline by
  // `hold`, so that no other sweeper gets it meanwhile.
  virtual net::Task<Result<std::vector<SessionPlace>>> claim_due(Instant now, Duration hold,
                                                                 std::size_t limit) = 0;
};

}  // namespace pbaas::store
