// The fleet of a service that is one process: its workers, its queue and its sessions in memory.
// Owned by main; loop thread only. Its answers are there at once.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <set>
#include <string>

#include "session/admission.h"
#include "store/fleet.h"

namespace pbaas::store {

class MemoryFleet final : public Fleet {
 public:
  // At most `queue_limit` creates wait.
  MemoryFleet(const Clock& clock, std::size_t queue_limit, FleetTimes times = {});
  ~MemoryFleet() override;

  // Calls `tell` when it is worth to ask again at once for that session: its turn has come. It must
  // do no more than wake whoever asks.
  void on_turn(std::function<void(const SessionId&)> tell);

  net::Task<Result<Discrepancies>> heartbeat(const WorkerStatus& worker,
                                             const std::vector<SessionId>& sessions) override;
  net::Task<Result<std::vector<WorkerStatus>>> workers() override;
  net::Task<Status> forget(const WorkerRef& worker) override;
  net::Task<Result<Placement>> place(const SessionId& session, const std::string& owner,
                                     const std::vector<std::string>& avoid) override;
  net::Task<Status> release(const SessionId& session) override;
  net::Task<Result<std::size_t>> waiting() override;
  net::Task<Status> publish(const SessionPlace& place) override;
  net::Task<Result<SessionPlace>> find(const SessionId& session) override;
  net::Task<Result<std::vector<SessionPlace>>> claim_due(Duration hold, std::size_t limit) override;

 private:
  // A slot in use: counted in here, or said by the worker, or both.
  struct Slot {
    Instant since;
    bool known = false;  // The worker has said it.
  };
  struct Worker {
    WorkerStatus reported;
    Instant heard;
    std::map<SessionId, Slot> slots;
    WorkerStatus status() const;
    std::size_t room() const;
  };
  struct Waiting {
    session::AdmissionQueue::Ticket ticket;
    Instant asked;
  };

  bool alive(const Worker& worker) const;
  Worker* least_loaded(const std::vector<std::string>& avoid);
  // The worker on which the session is counted in, if that worker is still there.
  Worker* worker_of(const SessionId& session);
  Placement count_in(const SessionId& session, Worker& worker);
  void take_over(Worker& worker, const std::set<SessionId>& sessions);
  std::size_t drop_unknown(Worker& worker, const std::set<SessionId>& sessions);
  void free_slot(Worker& worker, const SessionId& session);
  void empty(Worker& worker);

  Result<Placement> wait_or_take(const SessionId& session, const std::string& owner,
                                 const std::vector<std::string>& avoid);
  std::function<void()> teller(const SessionId& session);
  void expire_tickets();
  // Gives as many of those who wait their turn as there are free slots.
  void offer_slots();

  const Clock& clock_;
  const FleetTimes times_;
  std::function<void(const SessionId&)> on_turn_;
  std::map<std::string, Worker> workers_;
  std::map<SessionId, std::string> placed_on_;
  std::map<SessionId, SessionPlace> places_;
  session::AdmissionQueue queue_;
  std::map<SessionId, Waiting> waiting_;
};

}  // namespace pbaas::store
