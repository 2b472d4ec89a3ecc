#include "store/fleet.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

TEST(Fleet, NamesTheStatesOfAWorkerBothWays) {
  for (const auto state : {WorkerState::kReady, WorkerState::kDraining})
    EXPECT_EQ(worker_state_from_word(to_word(state)), state);
  EXPECT_EQ(to_word(WorkerState::kDraining), "draining");
  EXPECT_FALSE(worker_state_from_word(""));
  EXPECT_FALSE(worker_state_from_word("gone"));
}

TEST(Fleet, MissesAWorkerAfterThreeHeartbeats) {
  EXPECT_EQ(FleetTimes{}.worker_max(), Duration{15'000});
}

}  // namespace
}  // namespace pbaas::store
