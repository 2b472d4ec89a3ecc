#include "store/fleet_memory.h"

#include "store/fleet_contract.h"
#include "store/fleet_queue_contract.h"

namespace pbaas::store {
namespace {

class MemoryRig {
 public:
  MemoryRig(net::Loop&, std::size_t queue_limit, FleetTimes times)
      : fleet_(clock_, queue_limit, times) {}
  Fleet& fleet() { return fleet_; }
  MemoryFleet& memory() { return fleet_; }
  const Clock& clock() { return clock_; }
  void advance(Duration by) { clock_.advance(by); }

 private:
  TestClock clock_;
  MemoryFleet fleet_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FleetContract, MemoryRig);
INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FleetQueueContract, MemoryRig);

class MemoryFleetTest : public FleetContract<MemoryRig> {
 protected:
  void SetUp() override {
    start({});
    rig_->memory().on_turn([this](const SessionId& session) { told_.push_back(session); });
  }
  // Whom the fleet told since it was last asked here.
  std::vector<SessionId> told() { return std::exchange(told_, {}); }

  std::vector<SessionId> told_;
};

TEST_F(MemoryFleetTest, TellsTheNextWhenASlotBecomesFree) {
  report(worker("a", 1));
  const auto session = SessionId::random();
  ASSERT_EQ(placed(session), "a");
  const auto first = waiter();
  waiter();
  EXPECT_TRUE(told().empty());
  release(session);
  EXPECT_EQ(told(), std::vector{first});
  EXPECT_EQ(placed(first), "a");
}

TEST_F(MemoryFleetTest, TellsAsManyAsAWorkerThatReportsHasRoomFor) {
  const auto first = waiter();
  const auto second = waiter();
  waiter();
  report(worker("a", 2));
  EXPECT_EQ(told(), (std::vector{first, second}));
  report(worker("a", 2));
  EXPECT_TRUE(told().empty());
}

TEST_F(MemoryFleetTest, TellsTheNextWhenWhoeverWasToldLeaves) {
  const auto first = waiter();
  const auto second = waiter();
  report(worker("a", 1));
  ASSERT_EQ(told(), std::vector{first});
  release(first);
  EXPECT_EQ(told(), std::vector{second});
}

TEST_F(MemoryFleetTest, TellsAgainWhoeverCameInVain) {
  const auto first = waiter();
  const auto held = sessions(1);
  report(worker("a", 1));
  ASSERT_EQ(told(), std::vector{first});
  report(worker("a", 1), held);
  EXPECT_EQ(placed(first), "");
  report(worker("a", 1));
  EXPECT_EQ(told(), std::vector{first});
}

TEST_F(MemoryFleetTest, PlacesAnotherWhenWhoeverWasToldDoesNotCome) {
  waiter();
  report(worker("a", 1));
  told();
  advance(Fleet::kTicketMax);
  const auto second = SessionId::random();
  EXPECT_EQ(placed(second), "a");
}

TEST_F(MemoryFleetTest, TellsNobodyOnceItIsGone) {
  waiter();
  waiter();
  report(worker("a", 1));
  told();
  rig_.reset();
  EXPECT_TRUE(told_.empty());
}

}  // namespace
}  // namespace pbaas::store
