// What every Fleet must do, as tests: an implementation makes a Rig and instantiates the suite.
//
//   struct Rig {
//     explicit Rig(net::Loop& loop);   // an empty fleet
//     Fleet& fleet();
//   };
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "store/fleet.h"
#include "support/run_task.h"

namespace pbaas::store {

template <typename Rig>
class FleetContract : public testing::Test {
 protected:
  Fleet& fleet() { return rig_.fleet(); }

  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop_, std::move(task));
  }

  static WorkerStatus worker(const std::string& id, int capacity, int used = 0) {
    WorkerStatus status;
    status.id = id;
    status.epoch = "epoch-1";
    status.capacity = capacity;
    status.used = used;
    return status;
  }

  void report(const WorkerStatus& status) {
    ASSERT_TRUE(support::run_task(loop_, fleet().heartbeat(status)));
  }

  Result<WorkerStatus> place(const SessionId& session = SessionId::random()) {
    return run(fleet().place(session));
  }

  void release(const SessionId& session) {
    ASSERT_TRUE(support::run_task(loop_, fleet().release(session)));
  }

  SessionId publish(Instant deadline, const std::string& on = "a") {
    SessionPlace place{SessionId::random(), on, {41'000, "guid"}, deadline, "ann"};
    EXPECT_TRUE(support::run_task(loop_, fleet().publish(place)));
    return place.session;
  }

  std::vector<SessionId> claim(Instant now, std::size_t limit = 100) {
    std::vector<SessionId> ids;
    const auto due = run(fleet().claim_due(now, Duration{1000}, limit)).value();
    for (const auto& each : due) ids.push_back(each.session);
    return ids;
  }

  int used(const std::string& id) {
    for (const auto& each : run(fleet().workers()).value()) {
      if (each.id == id) return each.used;
    }
    return -1;
  }

  static constexpr Instant kNow{Duration{50'000}};
  net::Loop loop_;
  Rig rig_{loop_};
};

TYPED_TEST_SUITE_P(FleetContract);

TYPED_TEST_P(FleetContract, KnowsNoWorkerAtFirst) {
  EXPECT_TRUE(this->run(this->fleet().workers()).value().empty());
  EXPECT_EQ(this->place().error().fault, Fault::kNoCapacity);
}

TYPED_TEST_P(FleetContract, KnowsAWorkerThatReported) {
  auto reported = this->worker("a", 5, 2);
  reported.address = "10.0.0.1:9100";
  reported.version = "0.1.0";
  this->report(reported);
  const auto workers = this->run(this->fleet().workers()).value();
  ASSERT_EQ(workers.size(), 1U);
  EXPECT_EQ(workers[0].address, "10.0.0.1:9100");
  EXPECT_EQ(workers[0].version, "0.1.0");
  EXPECT_EQ(workers[0].capacity, 5);
  EXPECT_EQ(workers[0].used, 2);
}

TYPED_TEST_P(FleetContract, PlacesOnTheLeastLoadedByShareOfCapacity) {
  this->report(this->worker("big", 10, 4));
  this->report(this->worker("small", 4, 2));
  EXPECT_EQ(this->place().value().id, "big");
}

TYPED_TEST_P(FleetContract, SpreadsSessionsEvenly) {
  for (const char* id : {"a", "b", "c"}) this->report(this->worker(id, 10));
  std::map<std::string, int> count;
  for (int n = 0; n < 9; ++n) ++count[this->place().value().id];
  EXPECT_EQ(count, (std::map<std::string, int>{{"a", 3}, {"b", 3}, {"c", 3}}));
}

TYPED_TEST_P(FleetContract, PlacesNoMoreThanThereIsRoomFor) {
  this->report(this->worker("a", 2));
  EXPECT_TRUE(this->place());
  EXPECT_TRUE(this->place());
  EXPECT_EQ(this->place().error().fault, Fault::kNoCapacity);
  EXPECT_EQ(this->used("a"), 2);
}

TYPED_TEST_P(FleetContract, KeepsCountOfWhatAReportDoesNotKnowYet) {
  this->report(this->worker("a", 1));
  ASSERT_TRUE(this->place());
  this->report(this->worker("a", 1, 0));
  EXPECT_EQ(this->place().error().fault, Fault::kNoCapacity);
}

TYPED_TEST_P(FleetContract, CountsASessionPlacedTwiceOnce) {
  this->report(this->worker("a", 2));
  const auto session = SessionId::random();
  ASSERT_TRUE(this->place(session));
  ASSERT_TRUE(this->place(session));
  EXPECT_EQ(this->used("a"), 1);
}

TYPED_TEST_P(FleetContract, HasRoomAgainAtOnceAfterARelease) {
  this->report(this->worker("a", 1));
  const auto session = SessionId::random();
  ASSERT_TRUE(this->place(session));
  this->report(this->worker("a", 1, 1));
  this->release(session);
  EXPECT_TRUE(this->place());
}

TYPED_TEST_P(FleetContract, ReleasesOnceHoweverOftenItIsAsked) {
  this->report(this->worker("a", 5, 0));
  const auto session = SessionId::random();
  ASSERT_TRUE(this->place(session));
  ASSERT_TRUE(this->place());
  this->release(session);
  this->release(session);
  this->release(SessionId::random());
  EXPECT_EQ(this->used("a"), 1);
}

TYPED_TEST_P(FleetContract, ForgetsWhatAWorkerHadBeforeItStartedAnew) {
  this->report(this->worker("a", 1));
  ASSERT_TRUE(this->place());
  auto anew = this->worker("a", 1);
  anew.epoch = "epoch-2";
  this->report(anew);
  EXPECT_TRUE(this->place());
}

TYPED_TEST_P(FleetContract, PlacesNothingOnAWorkerThatDrains) {
  auto draining = this->worker("a", 10, 0);
  draining.state = WorkerState::kDraining;
  this->report(draining);
  this->report(this->worker("b", 10, 9));
  EXPECT_EQ(this->place().value().id, "b");
}

TYPED_TEST_P(FleetContract, TellsDrainingFromFull) {
  auto draining = this->worker("a", 10);
  draining.state = WorkerState::kDraining;
  this->report(draining);
  EXPECT_EQ(this->place().error().fault, Fault::kDraining);
  this->report(this->worker("b", 1, 1));
  EXPECT_EQ(this->place().error().fault, Fault::kNoCapacity);
}

TYPED_TEST_P(FleetContract, FindsWhatWasPublished) {
  this->report(this->worker("a", 5));
  const auto session = this->publish(this->kNow);
  const auto found = this->run(this->fleet().find(session)).value();
  EXPECT_EQ(found.worker, "a");
  EXPECT_EQ(found.browser, (session::BrowserAddress{41'000, "guid"}));
  EXPECT_EQ(found.deadline, this->kNow);
  EXPECT_EQ(found.owner, "ann");
}

TYPED_TEST_P(FleetContract, FindsNothingAfterARelease) {
  this->report(this->worker("a", 5));
  const auto session = this->publish(this->kNow);
  this->release(session);
  EXPECT_EQ(this->run(this->fleet().find(session)).error().fault, Fault::kNoSuchSession);
  EXPECT_TRUE(this->claim(this->kNow).empty());
}

TYPED_TEST_P(FleetContract, CountsInAPublishedSessionItDidNotPlace) {
  this->report(this->worker("a", 1));
  this->publish(this->kNow);
  EXPECT_EQ(this->place().error().fault, Fault::kNoCapacity);
}

TYPED_TEST_P(FleetContract, ClaimsWhatIsDueAtTheVeryMoment) {
  const auto due = this->publish(this->kNow);
  this->publish(this->kNow + Duration{1});
  EXPECT_EQ(this->claim(this->kNow), std::vector{due});
}

TYPED_TEST_P(FleetContract, ClaimsTheLongestOverdueFirstAndNoMoreThanTheLimit) {
  const auto second = this->publish(this->kNow - Duration{1});
  const auto first = this->publish(this->kNow - Duration{2});
  const auto third = this->publish(this->kNow);
  EXPECT_EQ(this->claim(this->kNow, 2), (std::vector{first, second}));
  EXPECT_EQ(this->claim(this->kNow, 2), std::vector{third});
}

TYPED_TEST_P(FleetContract, GivesAClaimedSessionToNobodyElseUntilTheHoldHasPassed) {
  const auto due = this->publish(this->kNow);
  ASSERT_EQ(this->claim(this->kNow).size(), 1U);
  EXPECT_TRUE(this->claim(this->kNow + Duration{999}).empty());
  EXPECT_EQ(this->claim(this->kNow + Duration{1000}), std::vector{due});
}

TYPED_TEST_P(FleetContract, MovesADeadlineWhenItIsPublishedAgain) {
  this->report(this->worker("a", 5));
  const auto session = this->publish(this->kNow);
  SessionPlace later{session, "a", {41'000, "guid"}, this->kNow + Duration{500}};
  ASSERT_TRUE(this->run(this->fleet().publish(later)));
  EXPECT_TRUE(this->claim(this->kNow).empty());
  EXPECT_EQ(this->claim(this->kNow + Duration{500}), std::vector{session});
  EXPECT_EQ(this->used("a"), 1);
}

REGISTER_TYPED_TEST_SUITE_P(FleetContract, KnowsNoWorkerAtFirst, KnowsAWorkerThatReported,
                            PlacesOnTheLeastLoadedByShareOfCapacity, SpreadsSessionsEvenly,
                            PlacesNoMoreThanThereIsRoomFor, KeepsCountOfWhatAReportDoesNotKnowYet,
                            CountsASessionPlacedTwiceOnce, HasRoomAgainAtOnceAfterARelease,
                            ReleasesOnceHoweverOftenItIsAsked,
                            ForgetsWhatAWorkerHadBeforeItStartedAnew,
                            PlacesNothingOnAWorkerThatDrains, TellsDrainingFromFull,
                            FindsWhatWasPublished, FindsNothingAfterARelease,
                            CountsInAPublishedSessionItDidNotPlace, ClaimsWhatIsDueAtTheVeryMoment,
                            ClaimsTheLongestOverdueFirstAndNoMoreThanTheLimit,
                            GivesAClaimedSessionToNobodyElseUntilTheHoldHasPassed,
                            MovesADeadlineWhenItIsPublishedAgain);

}  // namespace pbaas::store
