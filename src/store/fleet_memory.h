// The fleet of a service that is one process: its workers and sessions in memory. Owned by main;
// loop thread only. Its answers are there at once.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>

#include "store/fleet.h"

namespace pbaas::store {

class MemoryFleet final : public Fleet {
 public:
  net::Task<Status> heartbeat(const WorkerStatus& worker) override;
  net::Task<Result<std::vector<WorkerStatus>>> workers() override;
  net::Task<Result<WorkerStatus>> place(const SessionId& session) override;
  net::Task<Status> release(const SessionId& session) override;
  net::Task<Status> publish(const SessionPlace& place) override;
  net::Task<Result<SessionPlace>> find(const SessionId& session) override;
  net::Task<Result<std::vector<SessionPlace>>> claim_due(Instant now, Duration hold,
                                                         std::size_t limit) override;

 private:
  struct Worker {
    WorkerStatus reported;
    std::set<SessionId> placed;  // Counted in here, whether the worker has reported them or not.
    // What the worker says it uses, and at least what was placed on it since.
    WorkerStatus status() const;
  };

  Worker* least_loaded();
  void count_in(const SessionId& session, Worker& worker);

  std::map<std::string, Worker> workers_;
  std::map<SessionId, std::string> placed_on_;
  std::map<SessionId, SessionPlace> places_;
};

}  // namespace pbaas::store
