#include "store/fleet_memory.h"

#include <algorithm>

namespace pbaas::store {
namespace {

// Compares used/capacity without dividing.
bool less_loaded(const WorkerStatus& a, const WorkerStatus& b) {
  return std::int64_t{a.used} * b.capacity < std::int64_t{b.used} * a.capacity;
}

}  // namespace

WorkerStatus MemoryFleet::Worker::status() const {
  WorkerStatus status = reported;
  status.used = std::max(reported.used, static_cast<int>(placed.size()));
  return status;
}

net::Task<Status> MemoryFleet::heartbeat(const WorkerStatus& worker) {
  Worker& known = workers_[worker.id];
  // A worker that started anew has none of the browsers it had.
  if (known.reported.epoch != worker.epoch) {
    for (const auto& session : known.placed) placed_on_.erase(session);
    known.placed.clear();
  }
  known.reported = worker;
  co_return Status{};
}

net::Task<Result<std::vector<WorkerStatus>>> MemoryFleet::workers() {
  std::vector<WorkerStatus> list;
  for (const auto& [id, worker] : workers_) list.push_back(worker.status());
  co_return list;
}

MemoryFleet::Worker* MemoryFleet::least_loaded() {
  Worker* best = nullptr;
  for (auto& [id, worker] : workers_) {
    const auto status = worker.status();
    if (status.state != WorkerState::kReady || status.used >= status.capacity) continue;
    if (!best || less_loaded(status, best->status())) best = &worker;
  }
  return best;
}

void MemoryFleet::count_in(const SessionId& session, Worker& worker) {
  placed_on_[session] = worker.reported.id;
  worker.placed.insert(session);
}

net::Task<Result<WorkerStatus>> MemoryFleet::place(const SessionId& session) {
  if (const auto found = placed_on_.find(session); found != placed_on_.end())
    co_return workers_.at(found->second).status();
  if (Worker* worker = least_loaded()) {
    ++worker->reported.used;
    count_in(session, *worker);
    co_return worker->status();
  }
  const bool any_ready = std::any_of(workers_.begin(), workers_.end(), [](const auto& each) {
    return each.second.reported.state == WorkerState::kReady;
  });
  if (!workers_.empty() && !any_ready)
    co_return Error{Fault::kDraining, "every worker is being stopped", "", 5};
  co_return Error{Fault::kNoCapacity, "every slot of every worker is in use", "", 5};
}

net::Task<Status> MemoryFleet::release(const SessionId& session) {
  places_.erase(session);
  const auto found = placed_on_.find(session);
  if (found == placed_on_.end()) co_return Status{};
  Worker& worker = workers_.at(found->second);
  worker.placed.erase(session);
  // The worker's next report says it too; until then the slot is free all the same.
  worker.reported.used = std::max(worker.reported.used - 1, 0);
  placed_on_.erase(found);
  co_return Status{};
}

net::Task<Status> MemoryFleet::publish(const SessionPlace& place) {
  places_.insert_or_assign(place.session, place);
  const auto worker = workers_.find(place.worker);
  if (worker != workers_.end() && !placed_on_.contains(place.session))
    count_in(place.session, worker->second);
  co_return Status{};
}

net::Task<Result<SessionPlace>> MemoryFleet::find(const SessionId& session) {
  const auto found = places_.find(session);
  if (found == places_.end())
    co_return Error{Fault::kNoSuchSession, "no worker has session " + session.text()};
  co_return found->second;
}

net::Task<Result<std::vector<SessionPlace>>> MemoryFleet::claim_due(Instant now, Duration hold,
                                                                    std::size_t limit) {
  std::vector<SessionPlace*> due;
  for (auto& [id, place] : places_) {
    if (place.deadline <= now) due.push_back(&place);
  }
  std::sort(due.begin(), due.end(),
            [](const auto* a, const auto* b) { return a->deadline < b->deadline; });
  due.resize(std::min(due.size(), limit));
  std::vector<SessionPlace> claimed;
  for (auto* place : due) {
    claimed.push_back(*place);
    place->deadline = now + hold;
  }
  co_return claimed;
}

}  // namespace pbaas::store
