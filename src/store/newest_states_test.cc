#include "store/newest_states.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

using session::Session;
using session::SessionStatus;

class NewestStatesTest : public testing::Test {
 protected:
  NewestStatesTest() { running_.start("worker-1", "epoch-1"); }

  Session queued_{.id = SessionId::random()};
  Session running_ = queued_;
  NewestStates states_;
};

TEST_F(NewestStatesTest, KeepTheNewestOfEachSession) {
  EXPECT_TRUE(states_.add(queued_));
  EXPECT_FALSE(states_.add(running_));
  EXPECT_EQ(states_.size(), 1U);
  EXPECT_EQ(states_.find(queued_.id), running_);
}

TEST_F(NewestStatesTest, DropWhatWouldGoBack) {
  states_.add(running_);
  states_.add(queued_);
  EXPECT_EQ(states_.find(queued_.id), running_);
}

TEST_F(NewestStatesTest, GiveAtMostAsManyAsAskedFor) {
  for (int n = 0; n < 3; ++n) states_.add(Session{.id = SessionId::random()});
  EXPECT_EQ(states_.take(2).size(), 2U);
  EXPECT_EQ(states_.size(), 1U);
}

TEST_F(NewestStatesTest, KeepWhatCameWhileAnOlderStateWasTried) {
  states_.add(queued_);
  const auto taken = states_.take(10);
  states_.add(running_);
  EXPECT_EQ(states_.put_back(taken), 1U);
  EXPECT_EQ(states_.find(queued_.id), running_);
}

TEST_F(NewestStatesTest, KeepWhatWasTriedWhereAnOlderStateCameMeanwhile) {
  states_.add(running_);
  const auto taken = states_.take(10);
  states_.add(queued_);
  states_.put_back(taken);
  EXPECT_EQ(states_.find(queued_.id), running_);
}

}  // namespace
}  // namespace pbaas::store
