#include "store/fleet_memory.h"

#include <algorithm>
#include <utility>

namespace pbaas::store {
namespace {

// Compares used/capacity without dividing.
bool less_loaded(const WorkerStatus& a, const WorkerStatus& b) {
  return std::int64_t{a.used} * b.capacity < std::int64_t{b.used} * a.capacity;
}

}  // namespace

WorkerStatus MemoryFleet::Worker::status() const {
  WorkerStatus status = reported;
  status.used = static_cast<int>(slots.size());
  return status;
}

std::size_t MemoryFleet::Worker::room() const {
  const auto capacity = static_cast<std::size_t>(std::max(reported.capacity, 0));
  if (reported.state != WorkerState::kReady) return 0;
  return capacity - std::min(capacity, slots.size());
}

MemoryFleet::MemoryFleet(const Clock& clock, std::size_t queue_limit, FleetTimes times)
    : clock_(clock), times_(times), queue_(queue_limit) {}

// Tickets pass on their turn as they go, which must not reach whoever is gone already.
MemoryFleet::~MemoryFleet() {
  on_turn_ = nullptr;
}

void MemoryFleet::on_turn(std::function<void(const SessionId&)> tell) {
  on_turn_ = std::move(tell);
}

net::Task<Result<Discrepancies>> MemoryFleet::heartbeat(const WorkerStatus& worker,
                                                        const std::vector<SessionId>& sessions) {
  Worker& known = workers_[worker.worker.id];
  // A worker that started anew has none of the browsers it had.
  if (known.reported.worker.epoch != worker.worker.epoch) empty(known);
  known.reported = worker;
  known.heard = clock_.now();
  const std::set<SessionId> reported(sessions.begin(), sessions.end());
  take_over(known, reported);
  Discrepancies found;
  found.dropped = drop_unknown(known, reported);
  for (const auto& session : sessions) {
    if (!places_.contains(session)) found.unpublished.push_back(session);
  }
  offer_slots();
  co_return found;
}

void MemoryFleet::take_over(Worker& worker, const std::set<SessionId>& sessions) {
  for (const auto& session : sessions) {
    worker.slots.insert_or_assign(session, Slot{clock_.now(), true});
    placed_on_[session] = worker.reported.worker.id;
  }
}

std::size_t MemoryFleet::drop_unknown(Worker& worker, const std::set<SessionId>& sessions) {
  std::vector<SessionId> ended;
  std::vector<SessionId> never_came;
  for (const auto& [session, slot] : worker.slots) {
    if (sessions.contains(session)) continue;
    if (slot.known)
      ended.push_back(session);
    else if (clock_.now() >= slot.since + times_.placement_max)
      never_came.push_back(session);
  }
  for (const auto& session : ended) free_slot(worker, session);
  for (const auto& session : never_came) free_slot(worker, session);
  return never_came.size();
}

void MemoryFleet::free_slot(Worker& worker, const SessionId& session) {
  worker.slots.erase(session);
  const auto on = placed_on_.find(session);
  if (on != placed_on_.end() && on->second == worker.reported.worker.id) placed_on_.erase(on);
}

void MemoryFleet::empty(Worker& worker) {
  while (!worker.slots.empty()) free_slot(worker, SessionId(worker.slots.begin()->first));
  const WorkerRef gone = worker.reported.worker;
  std::erase_if(places_, [&](const auto& each) { return each.second.worker == gone; });
}

net::Task<Result<std::vector<WorkerStatus>>> MemoryFleet::workers() {
  std::vector<WorkerStatus> list;
  for (const auto& [id, worker] : workers_) {
    if (alive(worker)) list.push_back(worker.status());
  }
  co_return list;
}

net::Task<Status> MemoryFleet::forget(const WorkerRef& worker) {
  const auto found = workers_.find(worker.id);
  if (found == workers_.end() || found->second.reported.worker.epoch != worker.epoch)
    co_return Status{};
  empty(found->second);
  workers_.erase(found);
  co_return Status{};
}

bool MemoryFleet::alive(const Worker& worker) const {
  return clock_.now() < worker.heard + times_.worker_max();
}

MemoryFleet::Worker* MemoryFleet::least_loaded(const std::vector<std::string>& avoid) {
  Worker* best = nullptr;
  for (auto& [id, worker] : workers_) {
    if (!alive(worker) || worker.room() == 0 || std::ranges::count(avoid, id) > 0) continue;
    if (!best || less_loaded(worker.status(), best->status())) best = &worker;
  }
  return best;
}

MemoryFleet::Worker* MemoryFleet::worker_of(const SessionId& session) {
  const auto on = placed_on_.find(session);
  if (on == placed_on_.end()) return nullptr;
  const auto worker = workers_.find(on->second);
  return worker != workers_.end() && alive(worker->second) ? &worker->second : nullptr;
}

Placement MemoryFleet::count_in(const SessionId& session, Worker& worker) {
  placed_on_[session] = worker.reported.worker.id;
  worker.slots.emplace(session, Slot{clock_.now()});
  return {worker.status(), 0};
}

net::Task<Result<Placement>> MemoryFleet::place(const SessionId& session, const std::string& owner,
                                                const std::vector<std::string>& avoid) {
  expire_tickets();
  if (const Worker* worker = worker_of(session)) co_return Placement{worker->status(), 0};
  const bool overtakes_nobody = queue_.empty();
  if (Worker* worker = overtakes_nobody ? least_loaded(avoid) : nullptr)
    co_return count_in(session, *worker);
  co_return wait_or_take(session, owner, avoid);
}

Result<Placement> MemoryFleet::wait_or_take(const SessionId& session, const std::string& owner,
                                            const std::vector<std::string>& avoid) {
  auto mine = waiting_.find(session);
  if (mine == waiting_.end()) {
    auto ticket = queue_.join(owner, teller(session));
    if (!ticket) return ticket.error();
    mine = waiting_.emplace(session, Waiting{std::move(*ticket), clock_.now()}).first;
  }
  auto& [ticket, asked] = mine->second;
  asked = clock_.now();
  offer_slots();
  Worker* worker = ticket.admitted() ? least_loaded(avoid) : nullptr;
  if (worker) {
    ticket.served();
    waiting_.erase(mine);
    return count_in(session, *worker);
  }
  ticket.wait_again(teller(session));
  return Placement{std::nullopt, ticket.position()};
}

std::function<void()> MemoryFleet::teller(const SessionId& session) {
  return [this, session] {
    if (on_turn_) on_turn_(session);
  };
}

void MemoryFleet::expire_tickets() {
  const Instant last = clock_.now() - times_.ticket_max;
  std::erase_if(waiting_, [&](const auto& each) { return each.second.asked <= last; });
}

void MemoryFleet::offer_slots() {
  expire_tickets();
  std::size_t free = 0;
  for (const auto& [id, worker] : workers_) free += alive(worker) ? worker.room() : 0;
  const std::size_t offered = waiting_.size() - queue_.waiting();
  if (free > offered) queue_.admit(free - offered);
}

net::Task<Status> MemoryFleet::release(const SessionId& session) {
  waiting_.erase(session);
  places_.erase(session);
  const auto on = placed_on_.find(session);
  // The worker's next report says it too; until then the slot is free all the same.
  if (on != placed_on_.end()) {
    const auto worker = workers_.find(on->second);
    if (worker != workers_.end()) free_slot(worker->second, session);
  }
  offer_slots();
  co_return Status{};
}

net::Task<Result<std::size_t>> MemoryFleet::waiting() {
  expire_tickets();
  co_return waiting_.size();
}

net::Task<Status> MemoryFleet::publish(const SessionPlace& place) {
  places_.insert_or_assign(place.session, place);
  const auto on = placed_on_.find(place.session);
  if (on != placed_on_.end() && on->second != place.worker.id) {
    const auto before = workers_.find(on->second);
    if (before != workers_.end()) free_slot(before->second, place.session);
  }
  const auto worker = workers_.find(place.worker.id);
  if (worker != workers_.end() && worker->second.reported.worker.epoch == place.worker.epoch)
    count_in(place.session, worker->second);
  offer_slots();
  co_return Status{};
}

net::Task<Result<SessionPlace>> MemoryFleet::find(const SessionId& session) {
  const auto found = places_.find(session);
  if (found == places_.end())
    co_return Error{Fault::kNoSuchSession, "no worker has session " + session.text()};
  co_return found->second;
}

net::Task<Result<std::vector<SessionPlace>>> MemoryFleet::claim_due(Duration hold,
                                                                    std::size_t limit) {
  const Instant now = clock_.now();
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
