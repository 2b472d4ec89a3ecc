#include "session/admission.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace pbaas::session {
namespace {

using Ticket = AdmissionQueue::Ticket;

class Admission : public testing::Test {
 protected:
  Ticket join(const std::string& owner, const std::string& name) {
    return queue_.join(owner, [this, name] { admitted_.push_back(name); }).value();
  }

  std::vector<std::string> admitted_;
  AdmissionQueue queue_{4};
};

using Names = std::vector<std::string>;

TEST_F(Admission, GivesTheSlotToWhoeverWaitedLongest) {
  const auto first = join("ann", "first");
  const auto second = join("ann", "second");
  EXPECT_EQ(queue_.admit(1), 1U);
  EXPECT_EQ(admitted_, Names{"first"});
  EXPECT_TRUE(first.admitted());
  EXPECT_FALSE(second.admitted());
}

TEST_F(Admission, ServesOwnersInTurn) {
  const auto a1 = join("ann", "a1");
  const auto a2 = join("ann", "a2");
  const auto a3 = join("ann", "a3");
  const auto b1 = join("bob", "b1");
  queue_.admit(4);
  EXPECT_EQ(admitted_, (Names{"a1", "b1", "a2", "a3"}));
}

TEST_F(Admission, AdmitsNoMoreThanAreWaiting) {
  const auto only = join("ann", "only");
  EXPECT_EQ(queue_.admit(5), 1U);
  EXPECT_EQ(queue_.admit(1), 0U);
}

TEST_F(Admission, LeavesWithoutHoldingOthersUp) {
  std::optional<Ticket> first = join("ann", "first");
  const auto second = join("ann", "second");
  first.reset();
  queue_.admit(1);
  EXPECT_EQ(admitted_, Names{"second"});
}

TEST_F(Admission, PassesTheTurnOnOfWhoLeavesWithoutUsingIt) {
  std::optional<Ticket> first = join("ann", "first");
  const auto second = join("bob", "second");
  queue_.admit(1);
  first.reset();
  EXPECT_EQ(admitted_, (Names{"first", "second"}));
}

TEST_F(Admission, PassesNoTurnOnOfWhoWasServed) {
  std::optional<Ticket> first = join("ann", "first");
  const auto second = join("ann", "second");
  queue_.admit(1);
  first->served();
  first.reset();
  EXPECT_EQ(admitted_, Names{"first"});
  EXPECT_EQ(queue_.waiting(), 1U);
}

TEST_F(Admission, PutsWhoFoundNoSlotBackToTheFront) {
  auto a1 = join("ann", "a1");
  const auto b1 = join("bob", "b1");
  const auto a2 = join("ann", "a2");
  queue_.admit(1);
  a1.wait_again([this] { admitted_.push_back("a1 again"); });
  EXPECT_FALSE(a1.admitted());
  EXPECT_EQ(a1.position(), 0U);
  queue_.admit(3);
  EXPECT_EQ(admitted_, (Names{"a1", "a1 again", "b1", "a2"}));
}

TEST_F(Admission, TurnsAwayWhoComesWhenItIsFull) {
  std::vector<Ticket> tickets;
  for (int n = 0; n < 4; ++n) tickets.push_back(join("ann", "x"));
  const auto refused = queue_.join("bob", [] {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kQueueFull);
  EXPECT_GT(refused.error().retry_after_s, 0);
  tickets.pop_back();
  EXPECT_TRUE(queue_.join("bob", [] {}));
}

TEST_F(Admission, CountsWhoHasItsTurnAgainstTheLimitUntilServed) {
  std::vector<Ticket> tickets;
  for (int n = 0; n < 4; ++n) tickets.push_back(join("ann", "x"));
  queue_.admit(1);
  EXPECT_FALSE(queue_.join("bob", [] {}));
  tickets.front().served();
  EXPECT_TRUE(queue_.join("bob", [] {}));
}

TEST_F(Admission, HasNoRoomWhenItsLimitIsZero) {
  AdmissionQueue none(0);
  EXPECT_FALSE(none.join("ann", [] {}));
}

TEST_F(Admission, IsEmptyOnlyWhenNobodyWaitsOrHasItsTurn) {
  EXPECT_TRUE(queue_.empty());
  std::optional<Ticket> ticket = join("ann", "x");
  EXPECT_FALSE(queue_.empty());
  queue_.admit(1);
  EXPECT_FALSE(queue_.empty());
  ticket->served();
  EXPECT_TRUE(queue_.empty());
}

TEST_F(Admission, TellsHowManyAreServedBefore) {
  const auto a1 = join("ann", "a1");
  const auto a2 = join("ann", "a2");
  const auto a3 = join("ann", "a3");
  const auto b1 = join("bob", "b1");
  EXPECT_EQ(a1.position(), 0U);
  EXPECT_EQ(b1.position(), 1U);
  EXPECT_EQ(a2.position(), 2U);
  EXPECT_EQ(a3.position(), 3U);
}

TEST_F(Admission, TellsThePositionsInWhichItThenServes) {
  const std::vector<std::pair<std::string, std::string>> arrivals{
      {"ann", "a1"}, {"bob", "b1"}, {"ann", "a2"}, {"cat", "c1"}};
  std::vector<std::pair<std::string, Ticket>> tickets;
  for (const auto& [owner, name] : arrivals) tickets.emplace_back(name, join(owner, name));
  Names expected(tickets.size());
  for (const auto& [name, ticket] : tickets) expected.at(ticket.position()) = name;
  queue_.admit(4);
  EXPECT_EQ(admitted_, expected);
}

TEST_F(Admission, LetsATicketMoveAndLeavesOnce) {
  auto first = join("ann", "first");
  auto second = join("ann", "second");
  first = std::move(second);
  EXPECT_EQ(queue_.waiting(), 1U);
  queue_.admit(1);
  EXPECT_EQ(admitted_, Names{"second"});
  EXPECT_TRUE(first.admitted());
}

TEST_F(Admission, LetsTicketsOutliveTheQueue) {
  auto queue = std::make_unique<AdmissionQueue>(2);
  std::optional<Ticket> ticket = queue->join("ann", [] {}).value();
  queue.reset();
  ticket.reset();
}

}  // namespace
}  // namespace pbaas::session
