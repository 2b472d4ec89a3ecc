// For tests: a fleet in memory that can be away, or lose everything, when the test says.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/event.h"
#include "store/fleet_memory.h"

namespace pbaas::store {

class FleetSwitch final : public Fleet {
 public:
  explicit FleetSwitch(const Clock& clock, std::size_t queue_limit = 10)
      : clock_(clock), queue_limit_(queue_limit) {
    lose_everything();
  }

  bool away = false;
  net::Event* hold_places = nullptr;  // creates are answered once it is set
  void lose_everything() {
    fleet_ = std::make_unique<MemoryFleet>(clock_, queue_limit_);
    fleet_->on_turn(on_turn_);
  }
  void on_turn(std::function<void(const SessionId&)> tell) {
    on_turn_ = std::move(tell);
    fleet_->on_turn(on_turn_);
  }

  net::Task<Result<Discrepancies>> heartbeat(const WorkerStatus& worker,
                                             const std::vector<SessionId>& sessions) override {
    if (away) return refuse<Discrepancies>();
    return fleet_->heartbeat(worker, sessions);
  }
  net::Task<Result<std::vector<WorkerStatus>>> workers() override {
    if (away) return refuse<std::vector<WorkerStatus>>();
    return fleet_->workers();
  }
  net::Task<Status> forget(const WorkerRef& worker) override {
    if (away) return refuse<void>();
    return fleet_->forget(worker);
  }
  net::Task<Result<Placement>> place(const SessionId& session, const std::string& owner,
                                     const std::vector<std::string>& avoid) override {
    if (away) co_return Error{Fault::kStoreUnavailable, "the fleet is away", "", 1};
    if (hold_places) co_await hold_places->wait(Deadline::after(clock_, std::chrono::hours(1)));
    co_return co_await fleet_->place(session, owner, avoid);
  }
  net::Task<Status> release(const SessionId& session) override {
    if (away) return refuse<void>();
    return fleet_->release(session);
  }
  net::Task<Result<std::size_t>> waiting() override {
    if (away) return refuse<std::size_t>();
    return fleet_->waiting();
  }
  net::Task<Status> publish(const SessionPlace& place) override {
    if (away) return refuse<void>();
    return fleet_->publish(place);
  }
  net::Task<Result<SessionPlace>> find(const SessionId& session) override {
    if (away) return refuse<SessionPlace>();
    return fleet_->find(session);
  }
  net::Task<Result<std::vector<SessionPlace>>> claim_due(Duration hold,
                                                         std::size_t limit) override {
    if (away) return refuse<std::vector<SessionPlace>>();
    return fleet_->claim_due(hold, limit);
  }

 private:
  template <typename T>
  static net::Task<Result<T>> refuse() {
    co_return Error{Fault::kStoreUnavailable, "the fleet is away", "", 1};
  }

  const Clock& clock_;
  const std::size_t queue_limit_;
  std::function<void(const SessionId&)> on_turn_;
  std::unique_ptr<MemoryFleet> fleet_;
};

}  // namespace pbaas::store
