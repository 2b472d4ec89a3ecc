// What the contract tests of a Fleet share. An implementation makes a Rig and instantiates the
// suites of fleet_contract.h and fleet_queue_contract.h.
//
//   struct Rig {
//     Rig(net::Loop& loop, std::size_t queue_limit, FleetTimes times);   // an empty fleet
//     Fleet& fleet();
//     const Clock& clock();            // the one the fleet was given
//     void advance(Duration by);       // lets that time pass, for the fleet as for its clock
//   };
//
// Some rigs really wait, so a test that lets time pass makes a fleet in which things last shortly,
// and only those it is about.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/fleet.h"
#include "support/run_task.h"

namespace pbaas::store {

template <typename Rig>
class FleetContract : public testing::Test {
 protected:
  // Long enough to notice, short enough to wait for.
  static constexpr Duration kShort{40};
  static constexpr std::size_t kQueueLimit = 20;

  void SetUp() override { start({}); }
  void start(FleetTimes times, std::size_t queue_limit = kQueueLimit) {
    rig_.reset();
    rig_ = std::make_unique<Rig>(loop_, queue_limit, times);
  }

  Fleet& fleet() { return rig_->fleet(); }
  Instant now() { return rig_->clock().now(); }
  void advance(Duration by) { rig_->advance(by); }

  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop_, std::move(task));
  }

  static WorkerRef ref(const std::string& id, const std::string& epoch = "epoch-1") {
    return {id, epoch, "10.0.0.1:9100"};
  }
  static WorkerStatus worker(const std::string& id, int capacity) {
    return {.worker = ref(id), .capacity = capacity, .version = "0.1.0"};
  }
  static std::vector<SessionId> sessions(std::size_t count) {
    std::vector<SessionId> ids;
    while (ids.size() < count) ids.push_back(SessionId::random());
    return ids;
  }

  Discrepancies report(const WorkerStatus& status, const std::vector<SessionId>& held = {}) {
    return run(fleet().heartbeat(status, held)).value();
  }

  Placement ask(const SessionId& session = SessionId::random(), const std::string& owner = "ann") {
    return run(fleet().place(session, owner, {})).value();
  }
  // The id of the worker on which a new session was placed; "" when it waits.
  std::string placed(const SessionId& session = SessionId::random(),
                     const std::string& owner = "ann") {
    const auto placement = ask(session, owner);
    return placement.worker ? placement.worker->worker.id : "";
  }
  SessionId waiter(const std::string& owner = "ann") {
    const auto session = SessionId::random();
    EXPECT_EQ(placed(session, owner), "");
    return session;
  }
  std::size_t waiting() { return run(fleet().waiting()).value(); }

  void release(const SessionId& session) {
    ASSERT_TRUE(support::run_task(loop_, fleet().release(session)));
  }

  SessionPlace a_place(Instant deadline, const WorkerRef& on = ref("a")) {
    return {SessionId::random(), on, {41'000, "guid"}, deadline, "ann"};
  }
  SessionId publish(const SessionPlace& place) {
    EXPECT_TRUE(support::run_task(loop_, fleet().publish(place)));
    return place.session;
  }
  bool finds(const SessionId& session) {
    const auto found = run(fleet().find(session));
    if (!found) EXPECT_EQ(found.error().fault, Fault::kNoSuchSession);
    return found.has_value();
  }

  std::vector<SessionId> claim(Duration hold = Duration{60'000}, std::size_t limit = 100) {
    std::vector<SessionId> ids;
    for (const auto& each : run(fleet().claim_due(hold, limit)).value())
      ids.push_back(each.session);
    return ids;
  }

  int used(const std::string& id) {
    for (const auto& each : run(fleet().workers()).value()) {
      if (each.worker.id == id) return each.used;
    }
    return -1;
  }

  net::Loop loop_;
  std::unique_ptr<Rig> rig_;
};

}  // namespace pbaas::store
