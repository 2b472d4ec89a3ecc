// What every Fleet must do about creates that wait, as tests; see fleet_contract_fixture.h.
#pragma once

#include <vector>

#include "store/fleet_contract_fixture.h"

namespace pbaas::store {

template <typename Rig>
class FleetQueueContract : public FleetContract<Rig> {};

TYPED_TEST_SUITE_P(FleetQueueContract);

TYPED_TEST_P(FleetQueueContract, LetsACreateWaitWhileThereIsNoRoom) {
  this->report(this->worker("a", 1));
  ASSERT_EQ(this->placed(), "a");
  EXPECT_EQ(this->waiting(), 0U);
  EXPECT_EQ(this->ask().position, 0U);
  EXPECT_EQ(this->ask().position, 1U);
  EXPECT_EQ(this->waiting(), 2U);
}

TYPED_TEST_P(FleetQueueContract, KeepsThePlaceInTheQueueOfWhoAsksAgain) {
  const auto first = this->waiter();
  const auto second = this->waiter();
  EXPECT_EQ(this->ask(second).position, 1U);
  EXPECT_EQ(this->ask(first).position, 0U);
  EXPECT_EQ(this->waiting(), 2U);
}

TYPED_TEST_P(FleetQueueContract, GivesASlotToWhoeverWaitedLongest) {
  const auto first = this->waiter();
  const auto second = this->waiter();
  this->report(this->worker("a", 1));
  EXPECT_EQ(this->placed(second), "");
  EXPECT_EQ(this->placed(first), "a");
  EXPECT_EQ(this->waiting(), 1U);
}

TYPED_TEST_P(FleetQueueContract, LetsNobodyOvertakeWhoWaits) {
  const auto first = this->waiter();
  this->report(this->worker("a", 1));
  EXPECT_EQ(this->placed(), "");
  EXPECT_EQ(this->placed(first), "a");
}

TYPED_TEST_P(FleetQueueContract, ServesAsManyAtOnceAsThereAreFreeSlots) {
  std::vector<SessionId> waiters;
  for (int n = 0; n < 4; ++n) waiters.push_back(this->waiter());
  this->report(this->worker("a", 2));
  this->report(this->worker("b", 1));
  EXPECT_EQ(this->placed(waiters[3]), "");
  for (int n : {2, 1, 0}) EXPECT_NE(this->placed(waiters[n]), "") << n;
  EXPECT_EQ(this->placed(waiters[3]), "");
}

TYPED_TEST_P(FleetQueueContract, LetsOwnersTakeTurns) {
  const auto ann_1 = this->waiter("ann");
  const auto ann_2 = this->waiter("ann");
  const auto ann_3 = this->waiter("ann");
  const auto bob_1 = this->waiter("bob");
  EXPECT_EQ(this->ask(bob_1, "bob").position, 1U);
  this->report(this->worker("a", 2));
  EXPECT_EQ(this->placed(ann_2), "");
  EXPECT_EQ(this->placed(ann_3), "");
  EXPECT_EQ(this->placed(bob_1, "bob"), "a");
  EXPECT_EQ(this->placed(ann_1), "a");
}

TYPED_TEST_P(FleetQueueContract, GivesNoOwnerTurnsForTheTimeItDidNotWait) {
  std::vector<SessionId> ann;
  for (int n = 0; n < 4; ++n) ann.push_back(this->waiter("ann"));
  this->report(this->worker("a", 2));
  ASSERT_EQ(this->placed(ann[0], "ann"), "a");
  ASSERT_EQ(this->placed(ann[1], "ann"), "a");
  const auto bob_1 = this->waiter("bob");
  const auto bob_2 = this->waiter("bob");
  EXPECT_EQ(this->ask(ann[2], "ann").position, 0U);
  EXPECT_EQ(this->ask(bob_1, "bob").position, 1U);
  EXPECT_EQ(this->ask(ann[3], "ann").position, 2U);
  EXPECT_EQ(this->ask(bob_2, "bob").position, 3U);
}

TYPED_TEST_P(FleetQueueContract, LetsAnOwnerPayNothingForThoseWhoLeftUnserved) {
  const auto ann_1 = this->waiter("ann");
  const auto ann_2 = this->waiter("ann");
  const auto ann_3 = this->waiter("ann");
  const auto bob_1 = this->waiter("bob");
  const auto bob_2 = this->waiter("bob");
  this->release(ann_1);
  this->release(ann_2);
  EXPECT_EQ(this->ask(bob_2, "bob").position, 2U);
  this->report(this->worker("a", 2));
  EXPECT_EQ(this->placed(ann_3, "ann"), "a");
  EXPECT_EQ(this->placed(bob_1, "bob"), "a");
}

TYPED_TEST_P(FleetQueueContract, ServesTheNextWhenOneLeavesTheQueue) {
  const auto first = this->waiter();
  const auto second = this->waiter();
  this->release(first);
  EXPECT_EQ(this->waiting(), 1U);
  this->report(this->worker("a", 1));
  EXPECT_EQ(this->placed(second), "a");
}

TYPED_TEST_P(FleetQueueContract, ForgetsAWaiterThatDoesNotAskAgain) {
  this->start({.ticket_max = this->kShort});
  this->waiter();
  this->advance(this->kShort);
  EXPECT_EQ(this->waiting(), 0U);
  this->report(this->worker("a", 1));
  EXPECT_EQ(this->placed(), "a");
}

TYPED_TEST_P(FleetQueueContract, RefusesACreateWhenTooManyWait) {
  this->start({}, 2);
  const auto first = this->waiter();
  this->waiter();
  const auto refused = this->run(this->fleet().place(SessionId::random(), "bob", {}));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kQueueFull);
  EXPECT_GT(refused.error().retry_after_s, 0);
  EXPECT_EQ(this->ask(first).position, 0U);
}

REGISTER_TYPED_TEST_SUITE_P(FleetQueueContract, LetsACreateWaitWhileThereIsNoRoom,
                            KeepsThePlaceInTheQueueOfWhoAsksAgain, GivesASlotToWhoeverWaitedLongest,
                            LetsNobodyOvertakeWhoWaits, ServesAsManyAtOnceAsThereAreFreeSlots,
                            LetsOwnersTakeTurns, GivesNoOwnerTurnsForTheTimeItDidNotWait,
                            LetsAnOwnerPayNothingForThoseWhoLeftUnserved,
                            ServesTheNextWhenOneLeavesTheQueue, ForgetsAWaiterThatDoesNotAskAgain,
                            RefusesACreateWhenTooManyWait);

}  // namespace pbaas::store
