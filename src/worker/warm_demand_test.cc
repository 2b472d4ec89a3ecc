#include "worker/warm_demand.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pbaas::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using ::testing::UnorderedElementsAreArray;
using Signatures = std::vector<std::string>;

Signatures wanted(const WarmDemand& demand, const Signatures& held = {}) {
  Signatures signatures;
  for (const auto& kind : demand.wanted(held)) signatures.push_back(kind.signature);
  return signatures;
}

void note(WarmDemand& demand, const std::string& signature, int times = 1) {
  for (int n = 0; n < times; ++n) demand.note({signature, {}});
}

TEST(WarmDemand, WantsThePlainOneBeforeAnybodyAsked) {
  EXPECT_THAT(wanted(WarmDemand({"plain", {}}, 3)), ElementsAre("plain", "plain", "plain"));
}

TEST(WarmDemand, WantsNothingWhereNoSpareIsToBe) {
  EXPECT_THAT(wanted(WarmDemand({"plain", {}}, 0)), ElementsAre());
}

TEST(WarmDemand, WhatWasAskedForOnceIsNotWanted) {
  WarmDemand demand({"plain", {}}, 2);
  note(demand, "french");
  EXPECT_THAT(wanted(demand, {"plain", "plain"}), ElementsAre("plain", "plain"));
}

TEST(WarmDemand, WhoAlwaysAsksForTheSameIsWarmFromTheThirdTimeOn) {
  WarmDemand demand({"plain", {}}, 2);
  note(demand, "french", 2);
  EXPECT_THAT(wanted(demand, {"plain", "plain"}), UnorderedElementsAre("french", "plain"));
}

TEST(WarmDemand, TheOnlySpareIsOfTheKindThatIsAskedFor) {
  WarmDemand demand({"plain", {}}, 1);
  note(demand, "french", 2);
  EXPECT_THAT(wanted(demand, {"plain"}), ElementsAre("french"));
}

TEST(WarmDemand, AKindThatFewAskForHasASpareBeforeTheMostWantedHasTwo) {
  WarmDemand demand({"plain", {}}, 2);
  note(demand, "plain", 20);
  note(demand, "french", 2);
  EXPECT_THAT(wanted(demand, {"plain", "plain"}), UnorderedElementsAre("french", "plain"));
}

TEST(WarmDemand, GivesAllToTheOneKindThatIsAskedFor) {
  WarmDemand demand({"plain", {}}, 2);
  note(demand, "french", 8);
  EXPECT_THAT(wanted(demand, {"french", "plain"}), ElementsAre("french", "french"));
}

TEST(WarmDemand, SharesTheRestByHowOftenEachIsAskedFor) {
  WarmDemand demand({"plain", {}}, 6);
  note(demand, "plain", 7);
  note(demand, "french", 4);
  EXPECT_THAT(wanted(demand),
              UnorderedElementsAre("plain", "plain", "plain", "plain", "french", "french"));
}

TEST(WarmDemand, ManyKindsThatAreAskedForOnceChangeNothing) {
  WarmDemand demand({"plain", {}}, 2);
  for (int n = 0; n < 100; ++n) note(demand, "agent " + std::to_string(n));
  EXPECT_THAT(wanted(demand, {"plain", "plain"}), ElementsAre("plain", "plain"));
}

TEST(WarmDemand, MoreKindsInTurnsThanSparesEndNoneThatIsThere) {
  WarmDemand demand({"plain", {}}, 2);
  for (const auto* each : {"a", "b", "c"}) note(demand, each, 2);
  const auto held = wanted(demand);
  for (int n = 0; n < 100; ++n) {
    note(demand, std::string(1, static_cast<char>('a' + n % 3)));
    EXPECT_THAT(wanted(demand, held), UnorderedElementsAreArray(held));
  }
}

TEST(WarmDemand, ForgetsWhatWasAskedForLongAgo) {
  WarmDemand demand({"plain", {}}, 1);
  note(demand, "french", 10);
  note(demand, "plain", 32);
  EXPECT_THAT(wanted(demand, {"french"}), ElementsAre("plain"));
}

TEST(WarmDemand, PassesOverWhatCannotBeHadUntilItIsAskedForAgain) {
  WarmDemand demand({"plain", {}}, 1);
  note(demand, "broken", 10);
  demand.forget("broken");
  EXPECT_THAT(wanted(demand), ElementsAre("plain"));
  note(demand, "broken", 2);
  EXPECT_THAT(wanted(demand), ElementsAre("broken"));
}

TEST(WarmDemand, NeverPassesOverThePlainOne) {
  WarmDemand demand({"plain", {}}, 1);
  demand.forget("plain");
  EXPECT_THAT(wanted(demand), ElementsAre("plain"));
}

TEST(WarmDemand, RemembersWhatAKindIsLaunchedWith) {
  WarmDemand demand({"plain", {}}, 1);
  session::SessionOptions options;
  options.locale = "fr-FR";
  for (int n = 0; n < 2; ++n) demand.note({"french", options});
  EXPECT_EQ(demand.wanted({}).at(0).options.locale, "fr-FR");
}

}  // namespace
}  // namespace pbaas::worker
