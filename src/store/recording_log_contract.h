// What every RecordingLog must do, as tests: the Rig of a session log (session_log_contract.h) has
// both, one beside the other.
#pragma once

#include <gtest/gtest.h>

#include <string>
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

TYPED_TEST_P(RecordingLogContract, FindsTheOldestThatCameToTheirEnd) {
  const auto session = this->new_session();
  const WallTime begin{Duration{1'600'000'000'000}};
  const auto at = [&](const std::string& name, RecordingState state, Duration after) {
    auto recording = this->stored(session, name);
    recording.state = state;
    recording.changed_at = begin + after;
    EXPECT_TRUE(this->note(recording));
  };
  at("third", RecordingState::kFailed, Duration{3});
  at("first", RecordingState::kStored, Duration{1});
  at("second", RecordingState::kTruncated, Duration{2});
  at("waits", RecordingState::kUploading, Duration{1});
  at("removed", RecordingState::kStored, Duration{1});
  this->remove(session, "removed");
  const auto names = [&](Duration before, std::size_t count) {
    std::vector<std::string> found;
    const auto rows = this->run(this->log().settled_before(begin + before, count)).value();
    for (const auto& each : rows) found.push_back(each.name);
    return found;
  };
  EXPECT_EQ(names(Duration{3}, 10), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(names(Duration{9}, 10), (std::vector<std::string>{"first", "second", "third"}));
  EXPECT_EQ(names(Duration{9}, 1), std::vector<std::string>{"first"});
}

REGISTER_TYPED_TEST_SUITE_P(RecordingLogContract, GivesBackWhatItWasTold, ShowsTheNewestState,
                            HasNothingOfASessionThatWasNotRecorded,
                            WritesNothingOfASessionThatItDoesNotKnow, TakesAWhyThatIsNoText,
                            TellsTheWorkerOfARemovedOne, RemovesOnce,
                            RemovesWhatItsWorkerHasYetToTell, KeepsWhatWasToldForTheNextProcess,
                            FindsTheOldestThatCameToTheirEnd);

}  // namespace pbaas::store
