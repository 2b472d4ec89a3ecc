#include "session/lost_workers.h"

#include <gtest/gtest.h>

namespace pbaas::session {
namespace {

constexpr Duration kHeartbeat{5'000};
constexpr Duration kCheck{1'000};
const WorkerRun kRun{"worker-1", "first"};
const WorkerRun kNextRun{"worker-1", "second"};
const std::string kAddress = "10.0.0.1:9100";

class LostWorkersTest : public testing::Test {
 protected:
  LostWorkersTest() { runs_.watch({kRun}); }

  void present(const WorkerRun& run = kRun) { runs_.fleet_answered({{run, kAddress}}, now_); }
  void missing() { runs_.fleet_answered({}, now_); }
  void answer(ProbeAnswer answer) { runs_.answered(kRun, answer, now_); }
  RunVerdict verdict() const { return runs_.verdict(kRun); }

  // Checks for that long, at each of which the fleet does not name the run and it answers so.
  void missing_for(Duration time, std::optional<ProbeAnswer> each) {
    for (Duration passed{0}; passed < time; passed += kCheck) {
      now_ += kCheck;
      missing();
      if (each) answer(*each);
    }
  }

  Instant now_{Duration{1'000'000}};
  LostWorkers runs_{kHeartbeat};
};

TEST_F(LostWorkersTest, KnowsNothingOfARunBeforeTheFleetWasAsked) {
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
  EXPECT_FALSE(runs_.address_to_ask(kRun));
}

TEST_F(LostWorkersTest, TakesARunForAliveThatTheFleetNames) {
  present();
  EXPECT_EQ(verdict(), RunVerdict::kAlive);
  EXPECT_FALSE(runs_.address_to_ask(kRun)) << "there is no need to ask it";
}

TEST_F(LostWorkersTest, AsksAMissingRunWhereItLastWas) {
  present();
  missing();
  EXPECT_EQ(verdict(), RunVerdict::kUnknown) << "it is asked first";
  EXPECT_EQ(runs_.address_to_ask(kRun), kAddress);
}

TEST_F(LostWorkersTest, LosesAMissingRunAtWhoseAddressNobodyListens) {
  present();
  missing();
  answer(ProbeAnswer::kRefused);
  EXPECT_EQ(verdict(), RunVerdict::kLost);
}

TEST_F(LostWorkersTest, KeepsAMissingRunThatAnswers) {
  present();
  missing_for(10 * runs_.absence_max(), ProbeAnswer::kSameEpoch);
  EXPECT_EQ(verdict(), RunVerdict::kAlive);
}

TEST_F(LostWorkersTest, KeepsARunThatIsRefusedWhileTheFleetNamesIt) {
  present();
  answer(ProbeAnswer::kRefused);
  EXPECT_EQ(verdict(), RunVerdict::kAlive) << "others may reach it";
}

TEST_F(LostWorkersTest, LosesASilentRunOnlyAfterAHeartbeat) {
  present();
  missing();
  answer(ProbeAnswer::kNone);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
  missing_for(runs_.silence_max() - kCheck, ProbeAnswer::kNone);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
  missing_for(kCheck, ProbeAnswer::kNone);
  EXPECT_EQ(verdict(), RunVerdict::kLost);
}

TEST_F(LostWorkersTest, AsksASilentRunAgainAfterTheHeartbeat) {
  present();
  missing();
  answer(ProbeAnswer::kNone);
  now_ += runs_.silence_max();
  EXPECT_EQ(verdict(), RunVerdict::kUnknown) << "that it said nothing was a heartbeat ago";
}

TEST_F(LostWorkersTest, LosesARunWhosePlaceAnotherTook) {
  present();
  present(kNextRun);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown) << "a late heartbeat can say so too";
  EXPECT_EQ(runs_.address_to_ask(kRun), kAddress);
  answer(ProbeAnswer::kOtherEpoch);
  EXPECT_EQ(verdict(), RunVerdict::kLost);
}

TEST_F(LostWorkersTest, LosesARunThatWasReplacedForGood) {
  present();
  runs_.fleet_silent();
  answer(ProbeAnswer::kOtherEpoch);
  EXPECT_EQ(verdict(), RunVerdict::kLost) << "that needs no fleet";
  present();
  EXPECT_EQ(verdict(), RunVerdict::kLost) << "only a late heartbeat can name it again";
}

TEST_F(LostWorkersTest, LosesNobodyByTheFleetsSilence) {
  present();
  for (const auto each : {ProbeAnswer::kRefused, ProbeAnswer::kNone}) {
    now_ += 10 * runs_.absence_max();
    runs_.fleet_silent();
    EXPECT_EQ(runs_.address_to_ask(kRun), kAddress);
    answer(each);
    EXPECT_EQ(verdict(), RunVerdict::kUnknown);
  }
}

TEST_F(LostWorkersTest, ForgetsHowLongARunWasMissingWhenTheFleetFallsSilent) {
  present();
  missing();
  missing_for(runs_.silence_max() - kCheck, ProbeAnswer::kNone);
  runs_.fleet_silent();
  now_ += kCheck;
  missing();
  answer(ProbeAnswer::kNone);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown) << "the fleet may have come back empty";
}

TEST_F(LostWorkersTest, LosesARunNobodyCanAskAfterItWasMissingForLong) {
  missing();
  missing_for(runs_.absence_max() - kCheck, std::nullopt);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
  missing_for(kCheck, std::nullopt);
  EXPECT_EQ(verdict(), RunVerdict::kLost);
}

TEST_F(LostWorkersTest, CountsTheAbsenceAnewWhenTheFleetWasSilentMeanwhile) {
  missing();
  missing_for(runs_.absence_max() - kCheck, std::nullopt);
  runs_.fleet_silent();
  missing_for(2 * kCheck, std::nullopt);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
}

TEST_F(LostWorkersTest, CountsChecksBesideTheTimeInWhichItMayHaveBeenStopped) {
  missing();
  now_ += runs_.absence_max();
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
  for (int checks = 2; checks <= LostWorkers::kAbsentChecks; ++checks) {
    EXPECT_EQ(verdict(), RunVerdict::kUnknown) << "after " << checks << " checks";
    missing();
  }
  EXPECT_EQ(verdict(), RunVerdict::kLost);
}

TEST_F(LostWorkersTest, NeedsTwoChecksOfASilentRunHoweverFarApart) {
  present();
  missing();
  now_ += 10 * runs_.silence_max();
  answer(ProbeAnswer::kNone);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
  missing();
  answer(ProbeAnswer::kNone);
  EXPECT_EQ(verdict(), RunVerdict::kLost);
}

TEST_F(LostWorkersTest, IgnoresAnAnswerToAQuestionFromBeforeItWasMissing) {
  present();
  const auto asked = now_;
  now_ += kCheck;
  missing();
  runs_.answered(kRun, ProbeAnswer::kRefused, asked);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
}

TEST_F(LostWorkersTest, AsksARunAnewAtEachCheck) {
  present();
  missing();
  answer(ProbeAnswer::kSameEpoch);
  now_ += kCheck;
  missing();
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
}

TEST_F(LostWorkersTest, KnowsTheAddressOfARunThatHadNoSessionWhileItWasThere) {
  runs_.watch({});
  present();
  runs_.watch({kRun});
  missing();
  EXPECT_EQ(runs_.address_to_ask(kRun), kAddress);
}

TEST_F(LostWorkersTest, ForgetsARunThatIsNeitherThereNorInTheLog) {
  present();
  missing();
  runs_.watch({});
  EXPECT_FALSE(runs_.address_to_ask(kRun));
  answer(ProbeAnswer::kRefused);
  EXPECT_EQ(verdict(), RunVerdict::kUnknown);
}

TEST_F(LostWorkersTest, SaysWhatItKnows) {
  present();
  EXPECT_EQ(runs_.describe(now_),
            "fleet asked 0 ms ago; worker-1/first at 10.0.0.1:9100, has sessions, present; ");
  missing();
  answer(ProbeAnswer::kOtherEpoch);
  now_ += kCheck;
  EXPECT_EQ(runs_.describe(now_),
            "fleet asked 1000 ms ago; worker-1/first at 10.0.0.1:9100, has sessions, "
            "missing at 1 checks for 1000 ms, answered another run 1000 ms ago, replaced; ");
}

}  // namespace
}  // namespace pbaas::session
