#include "worker/recordings.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "recording/finish_files.h"
#include "worker/recording_rig.h"

namespace pbaas::worker {
namespace {

using store::RecordingState;

// Real browsers are recorded by the tests from outside (tests/recording); here is what becomes of
// recordings without one.
class RecordingsTest : public RecordingFixture {
 protected:
  Recordings& recordings() {
    if (!made) made.emplace(loop, clock, *queue, "1", times);
    return *made;
  }
  std::shared_ptr<Recordings::Running> start(std::shared_ptr<browser::CdpPipe> pipe) {
    session::RecordOptions options{session::HarOptions{}, session::VideoOptions{}};
    return run(recordings().start(session, options, std::move(pipe)));
  }
  std::string begin(const std::string& name, store::RecordingKind kind) {
    const auto path = run(queue->begin(session, name, kind)).value();
    return std::filesystem::path(path).parent_path();
  }

  RecordingTimes times;
  std::optional<Recordings> made;
};

TEST_F(RecordingsTest, HaveFailedWhereThereIsNoBrowserToRecord) {
  EXPECT_EQ(start(nullptr), nullptr);
  for (const auto* name : {"network.har", "video.webm"}) {
    EXPECT_EQ(recording(name).state, RecordingState::kFailed);
    EXPECT_EQ(recording(name).why, "the browser has no pipe");
  }
}

TEST_F(RecordingsTest, HaveFailedWhereTheBrowserDoesNotAnswer) {
  int from_browser[2];
  int to_browser[2];
  ASSERT_EQ(::pipe(from_browser) + ::pipe(to_browser), 0);
  const UniqueFd answers(from_browser[1]);
  const UniqueFd commands(to_browser[0]);
  times.start = Duration(20);
  EXPECT_EQ(start(std::make_shared<browser::CdpPipe>(loop, UniqueFd(from_browser[0]),
                                                     UniqueFd(to_browser[1]))),
            nullptr);
  EXPECT_EQ(recording("network.har").state, RecordingState::kFailed);
  EXPECT_NE(recording("network.har").why.find("did not answer"), std::string::npos);
}

TEST_F(RecordingsTest, AreMadeOfWhatAFormerProcessLeft) {
  const auto at = begin("network.har", store::RecordingKind::kHar);
  std::ofstream(recording::har_spool_path(at)) << R"({"page":{"id":"page_1"}})" << "\n{\"pa";
  open();
  recordings().finish_left_over();
  ASSERT_TRUE(
      comes_true([&] { return recording("network.har").state == RecordingState::kUploading; }));
  EXPECT_TRUE(recording("network.har").truncated);
  EXPECT_EQ(recording("network.har").why, "the service was killed");
  EXPECT_FALSE(std::filesystem::exists(recording::har_spool_path(at)));
}

TEST_F(RecordingsTest, HaveFailedWhereAFormerProcessLeftNothingOfThem) {
  const auto at = begin("video.webm", store::RecordingKind::kVideo);
  std::ofstream(at + "/video.0.part.webm") << "no video";
  open();
  recordings().finish_left_over();
  ASSERT_TRUE(comes_true([&] { return recording("video.webm").state == RecordingState::kFailed; }));
  EXPECT_FALSE(std::filesystem::exists(at + "/video.0.part.webm"));
}

TEST_F(RecordingsTest, AreRefusedWhereTheSpoolIsFull) {
  limits.spool_bytes_max = 0;
  open();
  const auto may = recordings().may_record();
  ASSERT_FALSE(may);
  EXPECT_EQ(may.error().fault, Fault::kRecordingsFull);
  EXPECT_NE(may.error().detail.find("RECORDING_SPOOL_MAX is 0"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::worker
