#include "recording/video_track.h"

#include <signal.h>

#include <filesystem>
#include <fstream>

#include "recording/finish_files.h"
#include "recording/video_rig.h"
#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

using namespace testing;

class VideoTrackTest : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_FFMPEG(); }
  VideoSpec spec() { return {kFfmpeg, folder.path().string(), {320, 240, 10}}; }
  double now() const { return double(clock.wall().time_since_epoch().count()) / 1000; }
  // The encoder works in its own time; the clock is the test's.
  void show(VideoTrack& track, const std::string& colour, int ms) {
    track.frame(now(), base64(jpeg(colour)));
    for (int passed = 0; passed < ms; passed += 100) {
      clock.advance(Duration(100));
      track.tick();
      ::usleep(2'000);
    }
  }
  RecordingFile finish(VideoTrack& track) {
    const auto end_ms = track.end_ms();
    track.finish(Deadline::after(clock, Duration(20'000)));
    return finish_video(folder.path(), end_ms, track.problem());
  }

  TestClock clock;
  support::TempFolder folder;
};

TEST_F(VideoTrackTest, LastsAsLongAsItsSessionThoughNothingMoves) {
  VideoTrack track(spec(), clock);
  show(track, "red", 7'000);
  const auto file = finish(track);
  EXPECT_EQ(file.state, RecordingState::kComplete) << file.why;
  EXPECT_EQ(file.duration, Duration(7'000));
  EXPECT_EQ(complaints(file.path), "");
  // What was there is written again, so that a cut loses little.
  EXPECT_EQ(probed(file.path, "packet=pts_time"),
            "0.000000\n2.000000\n4.000000\n6.000000\n7.000000\n");
}

TEST_F(VideoTrackTest, KeepsTheLastOfFramesThatComeTooFast) {
  VideoTrack track(spec(), clock);
  show(track, "red", 100);
  for (const char* colour : {"green", "blue", "white"}) {
    clock.advance(Duration(10));
    track.frame(now(), base64(jpeg(colour)));
  }
  show(track, "white", 1'000);
  const auto file = finish(track);
  EXPECT_EQ(complaints(file.path), "");
  EXPECT_GE(track.dropped(), 1u);
}

TEST_F(VideoTrackTest, GoesOnWithAnotherEncoderWhenOneIsKilled) {
  VideoTrack track(spec(), clock);
  show(track, "red", 3'000);
  const auto children = output_of("pgrep -P " + std::to_string(::getpid()) + " -x ffmpeg");
  ::kill(std::stoi(children), SIGKILL);
  ::usleep(50'000);
  show(track, "blue", 3'000);
  const auto file = finish(track);
  EXPECT_EQ(track.parts().size(), 2u);
  EXPECT_EQ(file.state, RecordingState::kComplete) << file.why;
  EXPECT_EQ(file.duration, Duration(6'000));
  EXPECT_EQ(complaints(file.path), "");
}

TEST_F(VideoTrackTest, SaysWhyThereIsNone) {
  auto without = spec();
  without.ffmpeg = "/nowhere/ffmpeg";
  VideoTrack track(without, clock);
  track.frame(now(), base64(jpeg("red")));
  const auto file = finish(track);
  EXPECT_EQ(file.state, RecordingState::kFailed);
  EXPECT_EQ(file.why, "/nowhere/ffmpeg: No such file or directory");
}

TEST_F(VideoTrackTest, IsTruncatedAtItsLimit) {
  auto small = spec();
  small.bytes_max = 300;
  VideoTrack track(small, clock);
  show(track, "red", 3'000);
  while (track.problem().empty()) show(track, "blue", 2'100);
  EXPECT_EQ(track.problem(), "longer than 300 bytes");
  EXPECT_EQ(finish(track).state, RecordingState::kTruncated);
}

TEST_F(VideoTrackTest, IsTruncatedAtItsLimitThoughItNeverStandsStill) {
  auto small = spec();
  small.bytes_max = 300;
  VideoTrack track(small, clock);
  const std::string pictures[] = {base64(jpeg("red")), base64(jpeg("blue"))};
  for (int i = 0; i < 3'000 && track.problem().empty(); ++i) {
    track.frame(now(), pictures[i % 2]);
    clock.advance(Duration(100));
    track.tick();
    ::usleep(2'000);
  }
  EXPECT_EQ(track.problem(), "longer than 300 bytes");
}

TEST_F(VideoTrackTest, SaysThatAnEncoderWhichHangsWasCutOff) {
  VideoTrack track(spec(), clock);
  show(track, "red", 3'000);
  const auto child = output_of("pgrep -P " + std::to_string(::getpid()) + " -x ffmpeg");
  ::kill(std::stoi(child), SIGSTOP);
  track.finish(Deadline::after(clock, Duration(200)));
  EXPECT_EQ(track.problem(), "ffmpeg was ended before it had written all");
}

TEST_F(VideoTrackTest, LeavesWhatCanBeFinishedWhenItsProgramIsKilled) {
  {
    VideoTrack track(spec(), clock);
    show(track, "red", 6'000);
    const SystemClock real;
    const auto by = Deadline::after(real, Duration(20'000));
    const auto& part = track.parts().front();
    const auto has_frame = [&] { return probed(part, "packet=pts_time").starts_with("0.0"); };
    while (!has_frame() && !by.passed(real)) ::usleep(50'000);
  }
  std::ofstream(har_spool_path(folder.path())) << R"({"page":{"id":"page_1"}})" << "\n{\"pa";
  for (const auto kind : {RecordingKind::kHar, RecordingKind::kVideo}) {
    const auto file =
        finish_left_over(folder.path(), kind, {"1", "Chrome", "156"}, "the service was killed");
    EXPECT_EQ(file.state, RecordingState::kTruncated);
    EXPECT_EQ(file.why, "the service was killed");
    EXPECT_GT(file.bytes, 0u);
  }
  EXPECT_EQ(complaints(folder.file("video.webm")), "");
}

}  // namespace
}  // namespace pbaas::recording
