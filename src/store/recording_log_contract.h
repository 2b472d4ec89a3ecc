// What every RecordingLog must do, as tests: the Rig of a session log (session_log_contract.h) has
// both, one beside the other.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <utility>

#include "store/recording_log.h"
#include "store/session_log.h"
#include "support/run_task.h"

namespace pbaas::store {

template <typename Rig>
class RecordingLogContract : public testing::Test {
 protected:
  auto& log() { return rig_.log(); }

  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop_, std::move(task));
  }

  SessionId new_session() {
    session::Session session{.id = SessionId::random()};
    session.created_at = WallTime{Duration{1'700'000'000'000}};
    log().record(session);
    return session.id;
  }

  static Recording stored(const SessionId& session, const std::string& name = "network.har") {
    Recording recording{.session = session, .name = name};
    recording.state = RecordingState::kStored;
    recording.bytes = std::uint64_t{1} << 40;
    recording.sha256 = std::string(64, 'a');
    recording.duration = Duration{61'500};
    recording.changed_at = WallTime{Duration{1'700'000'000'123}};
    return recording;
  }

  bool note(const Recording& recording) { return run(log().note(recording)).value(); }
  std::vector<Recording> of(const SessionId& session) {
    return run(log().recordings_of(session)).value();
  }
  std::optional<Recording> remove(const SessionId& session, const std::string& name) {
    return run(log().remove_recording(session, name, RecordingKind::kHar, kNow)).value();
  }

  static constexpr WallTime kNow{Duration{1'700'000'001'000}};
  net::Loop loop_;
  Rig rig_{loop_};
};

TYPED_TEST_SUITE_P(RecordingLogContract);

TYPED_TEST_P(RecordingLogContract, GivesBackWhatItWasTold) {
  const auto session = this->new_session();
  auto told = this->stored(session, "video.webm");
  told.kind = RecordingKind::kVideo;
  EXPECT_TRUE(this->note(told));
  EXPECT_TRUE(this->note(this->stored(session)));
  const auto rows = this->of(session);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].name, "network.har");
  EXPECT_EQ(to_manifest(rows[1]), to_manifest(told));
  EXPECT_FALSE(rows[1].removed);
}

TYPED_TEST_P(RecordingLogContract, ShowsTheNewestState) {
  const auto session = this->new_session();
  Recording recording{.session = session, .name = "network.har"};
  EXPECT_TRUE(this->note(recording));
  EXPECT_TRUE(this->note(this->stored(session)));
  ASSERT_EQ(this->of(session).size(), 1U);
  EXPECT_EQ(this->of(session)[0].state, RecordingState::kStored);
}

TYPED_TEST_P(RecordingLogContract, HasNothingOfASessionThatWasNotRecorded) {
  (void)this->note(this->stored(this->new_session()));
  EXPECT_TRUE(this->of(this->new_session()).empty());
}

TYPED_TEST_P(RecordingLogContract, WritesNothingOfASessionThatItDoesNotKnow) {
  const auto unknown = SessionId::random();
  EXPECT_TRUE(this->note(this->stored(unknown)));
  EXPECT_TRUE(this->of(unknown).empty());
}

TYPED_TEST_P(RecordingLogContract, TakesAWhyThatIsNoText) {
  using namespace std::string_literals;
  const auto session = this->new_session();
  auto failed = this->stored(session);
  failed.why = "ffmpeg said \xFF and \0 and it's \"over\""s;
  EXPECT_TRUE(this->note(failed));
  EXPECT_EQ(this->of(session)[0].why,
            "ffmpeg said \xEF\xBF\xBD and \xEF\xBF\xBD and it's \"over\"");
}

TYPED_TEST_P(RecordingLogContract, TellsTheWorkerOfARemovedOne) {
  const auto session = this->new_session();
  EXPECT_TRUE(this->note(this->stored(session)));
  const auto removed = this->remove(session, "network.har");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->state, RecordingState::kStored);
  EXPECT_FALSE(this->note(this->stored(session)));
  ASSERT_EQ(this->of(session).size(), 1U);
  EXPECT_TRUE(this->of(session)[0].removed);
}

TYPED_TEST_P(RecordingLogContract, RemovesOnce) {
  const auto session = this->new_session();
  EXPECT_TRUE(this->note(this->stored(session)));
  EXPECT_TRUE(this->remove(session, "network.har"));
  EXPECT_FALSE(this->remove(session, "network.har"));
}

TYPED_TEST_P(RecordingLogContract, RemovesWhatItsWorkerHasYetToTell) {
  const auto session = this->new_session();
  const auto removed = this->remove(session, "network.har");
  ASSERT_TRUE(removed);
  EXPECT_EQ(removed->state, RecordingState::kRecording);
  EXPECT_FALSE(this->note(this->stored(session)));
}

TYPED_TEST_P(RecordingLogContract, KeepsWhatWasToldForTheNextProcess) {
  const auto session = this->new_session();
  EXPECT_TRUE(this->note(this->stored(session)));
  this->rig_.reopen();
  EXPECT_EQ(this->of(session).size(), 1U);
}

TYPED_TEST_P(RecordingLogContract, FindsThoseThatCameToTheirEnd) {
  const auto session = this->new_session();
  const auto is = [&](const std::string& name, RecordingState state) {
    auto recording = this->stored(session, name);
    recording.state = state;
    EXPECT_TRUE(this->note(recording));
  };
  is("a", RecordingState::kStored);
  is("b", RecordingState::kTruncated);
  is("c", RecordingState::kFailed);
  is("waits", RecordingState::kUploading);
  is("removed", RecordingState::kStored);
  this->remove(session, "removed");
  std::optional<Recording> behind;
  for (const std::string name : {"a", "b", "c"}) {
    const auto found = this->run(this->log().outlived(std::chrono::seconds(0), behind, 1)).value();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].name, name);
    behind = found[0];
  }
  const auto rest = this->run(this->log().outlived(std::chrono::seconds(0), behind, 1)).value();
  EXPECT_TRUE(rest.empty());
}

// Whatever the clocks of workers and gateways say.
TYPED_TEST_P(RecordingLogContract, TakesTheDatabasesTimeForTheEnd) {
  const auto session = this->new_session();
  EXPECT_TRUE(this->note(this->stored(session)));
  const auto found = [this](std::chrono::seconds lifetime) {
    return this->run(this->log().outlived(lifetime, {}, 10)).value().size();
  };
  EXPECT_EQ(found(std::chrono::seconds(60)), 0U) << "changed_at is years ago";
  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
  EXPECT_TRUE(this->note(this->stored(session))) << "told once more";
  EXPECT_EQ(found(std::chrono::seconds(1)), 1U);
}

REGISTER_TYPED_TEST_SUITE_P(RecordingLogContract, GivesBackWhatItWasTold, ShowsTheNewestState,
                            HasNothingOfASessionThatWasNotRecorded,
                            WritesNothingOfASessionThatItDoesNotKnow, TakesAWhyThatIsNoText,
                            TellsTheWorkerOfARemovedOne, RemovesOnce,
                            RemovesWhatItsWorkerHasYetToTell, KeepsWhatWasToldForTheNextProcess,
                            FindsThoseThatCameToTheirEnd, TakesTheDatabasesTimeForTheEnd);

}  // namespace pbaas::store
