// What every Fleet must do about workers, slots and places, as tests; see fleet_contract_fixture.h.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "store/fleet_contract_fixture.h"

namespace pbaas::store {

TYPED_TEST_SUITE_P(FleetContract);

// Workers

TYPED_TEST_P(FleetContract, KnowsNoWorkerAtFirst) {
  EXPECT_TRUE(this->run(this->fleet().workers()).value().empty());
  EXPECT_EQ(this->placed(), "");
}

TYPED_TEST_P(FleetContract, KnowsAWorkerThatReported) {
  auto reported = this->worker("a", 5);
  reported.warm = 3;
  this->report(reported, this->sessions(2));
  const auto workers = this->run(this->fleet().workers()).value();
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0].worker, (WorkerRef{"a", "epoch-1", "10.0.0.1:9100"}));
  EXPECT_EQ(workers[0].state, WorkerState::kReady);
  EXPECT_EQ(workers[0].version, "0.1.0");
  EXPECT_EQ(workers[0].capacity, 5);
  EXPECT_EQ(workers[0].used, 2);
  EXPECT_EQ(workers[0].warm, 3);
}

TYPED_TEST_P(FleetContract, LosesAWorkerThatWasSilentForThreeHeartbeats) {
  this->start({.heartbeat = Duration{15}});
  this->report(this->worker("a", 5));
  this->advance(Duration{45});
  EXPECT_EQ(this->used("a"), -1);
  EXPECT_EQ(this->placed(), "");
}

TYPED_TEST_P(FleetContract, PlacesAgainWhatWasPlacedOnAWorkerThatIsSilentSince) {
  // Not so short that a busy machine loses the worker before anything is placed on it.
  this->start({.heartbeat = Duration{100}});
  this->report(this->worker("a", 5));
  const auto session = SessionId::random();
  ASSERT_EQ(this->placed(session), "a");
  this->advance(Duration{300});
  this->report(this->worker("b", 5));
  EXPECT_EQ(this->placed(session), "b");
}

TYPED_TEST_P(FleetContract, ForgetsWhatAWorkerHadBeforeItStartedAnew) {
  this->report(this->worker("a", 1));
  ASSERT_EQ(this->placed(), "a");
  const auto published = this->publish(this->a_place(this->now()));
  auto anew = this->worker("a", 1);
  anew.worker.epoch = "epoch-2";
  this->report(anew);
  EXPECT_FALSE(this->finds(published));
  EXPECT_TRUE(this->claim().empty());
  EXPECT_EQ(this->placed(), "a");
}

TYPED_TEST_P(FleetContract, ForgetsAWorkerAndWhatWasPlacedOnIt) {
  this->report(this->worker("a", 5));
  this->report(this->worker("b", 5));
  const auto lost = this->publish(this->a_place(this->now(), this->ref("a")));
  const auto kept = this->publish(this->a_place(this->now(), this->ref("b")));
  ASSERT_TRUE(this->run(this->fleet().forget(this->ref("a"))));
  EXPECT_EQ(this->used("a"), -1);
  EXPECT_FALSE(this->finds(lost));
  EXPECT_EQ(this->claim(), std::vector{kept});
}

TYPED_TEST_P(FleetContract, DoesNotForgetAWorkerOfAnotherEpoch) {
  this->report(this->worker("a", 5));
  const auto session = this->publish(this->a_place(this->now()));
  ASSERT_TRUE(this->run(this->fleet().forget(this->ref("a", "epoch-0"))));
  EXPECT_EQ(this->used("a"), 1);
  EXPECT_TRUE(this->finds(session));
}

// Placing

TYPED_TEST_P(FleetContract, PlacesOnTheLeastLoadedByShareOfCapacity) {
  this->report(this->worker("big", 10), this->sessions(4));
  this->report(this->worker("small", 4), this->sessions(2));
  EXPECT_EQ(this->placed(), "big");
}

TYPED_TEST_P(FleetContract, PlacesOnNoWorkerThatIsToBeAvoided) {
  this->report(this->worker("idle", 10));
  this->report(this->worker("busy", 10), this->sessions(5));
  const auto placed = this->run(this->fleet().place(SessionId::random(), "", {"idle"})).value();
  EXPECT_EQ(placed.worker.value().worker.id, "busy");
  const auto nowhere =
      this->run(this->fleet().place(SessionId::random(), "", {"idle", "busy"})).value();
  EXPECT_FALSE(nowhere.worker);
}

TYPED_TEST_P(FleetContract, SpreadsSessionsEvenly) {
  for (const char* id : {"a", "b", "c"}) this->report(this->worker(id, 30));
  std::map<std::string, int> count;
  for (int n = 0; n < 60; ++n) ++count[this->placed()];
  EXPECT_EQ(count, (std::map<std::string, int>{{"a", 20}, {"b", 20}, {"c", 20}}));
}

TYPED_TEST_P(FleetContract, SpreadsSessionsInProportionToCapacities) {
  this->report(this->worker("a", 20));
  this->report(this->worker("b", 10));
  this->report(this->worker("c", 5));
  std::map<std::string, int> count;
  for (int n = 0; n < 14; ++n) ++count[this->placed()];
  EXPECT_EQ(count, (std::map<std::string, int>{{"a", 8}, {"b", 4}, {"c", 2}}));
  for (int n = 14; n < 35; ++n) ++count[this->placed()];
  EXPECT_EQ(count, (std::map<std::string, int>{{"a", 20}, {"b", 10}, {"c", 5}}));
}

TYPED_TEST_P(FleetContract, TellsWhereASessionWasPlaced) {
  this->report(this->worker("a", 5));
  const auto placement = this->ask();
  ASSERT_TRUE(placement.worker);
  EXPECT_EQ(placement.worker->worker, this->ref("a"));
  EXPECT_EQ(placement.worker->capacity, 5);
  EXPECT_EQ(placement.worker->used, 1);
}

TYPED_TEST_P(FleetContract, PlacesNoMoreThanThereIsRoomFor) {
  this->report(this->worker("a", 2));
  EXPECT_EQ(this->placed(), "a");
  EXPECT_EQ(this->placed(), "a");
  EXPECT_EQ(this->placed(), "");
  EXPECT_EQ(this->used("a"), 2);
}

TYPED_TEST_P(FleetContract, KeepsCountOfWhatAReportDoesNotKnowYet) {
  this->report(this->worker("a", 2));
  ASSERT_EQ(this->placed(), "a");
  EXPECT_EQ(this->report(this->worker("a", 2), this->sessions(1)).dropped, 0U);
  EXPECT_EQ(this->used("a"), 2);
  EXPECT_EQ(this->placed(), "");
}

TYPED_TEST_P(FleetContract, CountsASessionPlacedTwiceOnce) {
  this->report(this->worker("a", 5));
  const auto session = SessionId::random();
  ASSERT_EQ(this->placed(session), "a");
  ASSERT_EQ(this->placed(session), "a");
  this->report(this->worker("a", 5), {session});
  EXPECT_EQ(this->used("a"), 1);
}

TYPED_TEST_P(FleetContract, HasRoomAgainAtOnceAfterARelease) {
  const auto session = SessionId::random();
  this->report(this->worker("a", 1));
  ASSERT_EQ(this->placed(session), "a");
  this->report(this->worker("a", 1), {session});
  this->release(session);
  EXPECT_EQ(this->placed(), "a");
}

TYPED_TEST_P(FleetContract, ReleasesOnceHoweverOftenItIsAsked) {
  this->report(this->worker("a", 5));
  const auto session = SessionId::random();
  ASSERT_EQ(this->placed(session), "a");
  ASSERT_EQ(this->placed(), "a");
  this->release(session);
  this->release(session);
  this->release(SessionId::random());
  EXPECT_EQ(this->used("a"), 1);
}

TYPED_TEST_P(FleetContract, PlacesNothingOnAWorkerThatDrains) {
  auto draining = this->worker("a", 10);
  draining.state = WorkerState::kDraining;
  this->report(draining);
  this->report(this->worker("b", 10), this->sessions(9));
  EXPECT_EQ(this->placed(), "b");
  EXPECT_EQ(this->placed(), "");
  EXPECT_EQ(this->run(this->fleet().workers()).value().size(), 2U);
}

TYPED_TEST_P(FleetContract, PlacesNothingOnAWorkerThatHasNoCapacity) {
  this->report(this->worker("a", 0));
  EXPECT_EQ(this->placed(), "");
}

// What heartbeats repair

TYPED_TEST_P(FleetContract, GivesBackTheSlotOfASessionItsWorkerNoLongerHas) {
  const auto held = this->sessions(2);
  this->report(this->worker("a", 2), held);
  const auto found = this->report(this->worker("a", 2), {held[0]});
  EXPECT_EQ(found.dropped, 0U);
  EXPECT_EQ(this->used("a"), 1);
}

TYPED_TEST_P(FleetContract, DropsWhatItsWorkerNeverHeardOf) {
  this->start({.placement_max = this->kShort});
  this->report(this->worker("a", 5));
  ASSERT_EQ(this->placed(), "a");
  this->advance(this->kShort);
  EXPECT_EQ(this->report(this->worker("a", 5)).dropped, 1U);
  EXPECT_EQ(this->used("a"), 0);
}

TYPED_TEST_P(FleetContract, KeepsWhatItsWorkerHasHoweverLong) {
  this->start({.placement_max = this->kShort});
  this->report(this->worker("a", 5));
  const auto session = SessionId::random();
  ASSERT_EQ(this->placed(session), "a");
  this->advance(this->kShort);
  EXPECT_EQ(this->report(this->worker("a", 5), {session}).dropped, 0U);
  EXPECT_EQ(this->used("a"), 1);
}

TYPED_TEST_P(FleetContract, LearnsFromItsWorkerWhereASessionIs) {
  const auto session = SessionId::random();
  this->report(this->worker("a", 5), {session});
  this->report(this->worker("b", 5));
  EXPECT_EQ(this->placed(session), "a");
  this->release(session);
  EXPECT_EQ(this->used("a"), 0);
}

TYPED_TEST_P(FleetContract, AsksAWorkerForThePlacesItDoesNotKnow) {
  this->report(this->worker("a", 5));
  const auto published = this->publish(this->a_place(this->now()));
  const auto unknown = SessionId::random();
  const auto found = this->report(this->worker("a", 5), {published, unknown});
  EXPECT_EQ(found.unpublished, std::vector{unknown});
}

// Places and deadlines

TYPED_TEST_P(FleetContract, FindsWhatWasPublished) {
  const auto place = this->a_place(this->now() + Duration{60'000});
  this->publish(place);
  const auto found = this->run(this->fleet().find(place.session)).value();
  EXPECT_EQ(found.session, place.session);
  EXPECT_EQ(found.worker, place.worker);
  EXPECT_EQ(found.browser, place.browser);
  EXPECT_EQ(found.owner, "ann");
  // The clock of a fleet that is elsewhere ticks on its own, and the way there takes a moment.
  EXPECT_LE(std::chrono::abs(found.deadline - place.deadline), Duration{500});
}

TYPED_TEST_P(FleetContract, FindsNothingAfterARelease) {
  this->report(this->worker("a", 5));
  const auto session = this->publish(this->a_place(this->now()));
  this->release(session);
  EXPECT_FALSE(this->finds(session));
  EXPECT_TRUE(this->claim().empty());
  EXPECT_EQ(this->used("a"), 0);
}

TYPED_TEST_P(FleetContract, CountsInAPublishedSessionItDidNotPlace) {
  this->report(this->worker("a", 1));
  this->publish(this->a_place(this->now()));
  EXPECT_EQ(this->placed(), "");
}

TYPED_TEST_P(FleetContract, MovesTheSlotOfASessionThatIsPublishedOnAnotherWorker) {
  this->report(this->worker("a", 5));
  auto place = this->a_place(this->now());
  ASSERT_EQ(this->placed(place.session), "a");
  this->report(this->worker("b", 5));
  place.worker = this->ref("b");
  this->publish(place);
  EXPECT_EQ(this->used("a"), 0);
  EXPECT_EQ(this->used("b"), 1);
}

TYPED_TEST_P(FleetContract, ClaimsOnlyWhatIsDue) {
  const auto due = this->publish(this->a_place(this->now()));
  this->publish(this->a_place(this->now() + Duration{60'000}));
  EXPECT_EQ(this->claim(), std::vector{due});
}

TYPED_TEST_P(FleetContract, ClaimsWhatBecomesDue) {
  const auto due = this->publish(this->a_place(this->now() + this->kShort));
  this->advance(this->kShort);
  EXPECT_EQ(this->claim(), std::vector{due});
}

TYPED_TEST_P(FleetContract, ClaimsTheLongestOverdueFirstAndNoMoreThanTheLimit) {
  const Duration hold{60'000};
  const Instant now = this->now();
  const auto second = this->publish(this->a_place(now - Duration{20'000}));
  const auto first = this->publish(this->a_place(now - Duration{30'000}));
  const auto third = this->publish(this->a_place(now - Duration{10'000}));
  EXPECT_EQ(this->claim(hold, 2), (std::vector{first, second}));
  EXPECT_EQ(this->claim(hold, 2), std::vector{third});
}

TYPED_TEST_P(FleetContract, GivesAClaimedSessionToNobodyElseUntilTheHoldHasPassed) {
  const auto due = this->publish(this->a_place(this->now()));
  const auto other = this->publish(this->a_place(this->now()));
  ASSERT_EQ(this->claim(Duration{60'000}, 1).size(), 1U);
  ASSERT_EQ(this->claim(this->kShort, 1).size(), 1U);
  this->advance(this->kShort);
  const auto again = this->claim();
  ASSERT_EQ(again.size(), 1U);
  EXPECT_TRUE(again[0] == due || again[0] == other);
}

TYPED_TEST_P(FleetContract, MovesADeadlineWhenItIsPublishedAgain) {
  this->report(this->worker("a", 5));
  auto place = this->a_place(this->now());
  this->publish(place);
  place.deadline += Duration{60'000};
  this->publish(place);
  EXPECT_TRUE(this->claim().empty());
  place.deadline = this->now();
  this->publish(place);
  EXPECT_EQ(this->claim(), std::vector{place.session});
  EXPECT_EQ(this->used("a"), 1);
}

REGISTER_TYPED_TEST_SUITE_P(
    FleetContract, KnowsNoWorkerAtFirst, KnowsAWorkerThatReported,
    LosesAWorkerThatWasSilentForThreeHeartbeats, PlacesAgainWhatWasPlacedOnAWorkerThatIsSilentSince,
    ForgetsWhatAWorkerHadBeforeItStartedAnew, ForgetsAWorkerAndWhatWasPlacedOnIt,
    DoesNotForgetAWorkerOfAnotherEpoch, PlacesOnTheLeastLoadedByShareOfCapacity,
    PlacesOnNoWorkerThatIsToBeAvoided, SpreadsSessionsEvenly,
    SpreadsSessionsInProportionToCapacities, TellsWhereASessionWasPlaced,
    PlacesNoMoreThanThereIsRoomFor, KeepsCountOfWhatAReportDoesNotKnowYet,
    CountsASessionPlacedTwiceOnce, HasRoomAgainAtOnceAfterARelease,
    ReleasesOnceHoweverOftenItIsAsked, PlacesNothingOnAWorkerThatDrains,
    PlacesNothingOnAWorkerThatHasNoCapacity, GivesBackTheSlotOfASessionItsWorkerNoLongerHas,
    DropsWhatItsWorkerNeverHeardOf, KeepsWhatItsWorkerHasHoweverLong,
    LearnsFromItsWorkerWhereASessionIs, AsksAWorkerForThePlacesItDoesNotKnow, FindsWhatWasPublished,
    FindsNothingAfterARelease, CountsInAPublishedSessionItDidNotPlace,
    MovesTheSlotOfASessionThatIsPublishedOnAnotherWorker, ClaimsOnlyWhatIsDue, ClaimsWhatBecomesDue,
    ClaimsTheLongestOverdueFirstAndNoMoreThanTheLimit,
    GivesAClaimedSessionToNobodyElseUntilTheHoldHasPassed, MovesADeadlineWhenItIsPublishedAgain);

}  // namespace pbaas::store
