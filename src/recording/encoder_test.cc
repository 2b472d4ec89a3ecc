#include "recording/encoder.h"

#include <signal.h>

#include <filesystem>

#include "recording/video_rig.h"
#include "recording/webm_finish.h"
#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

using namespace testing;

class EncoderTest : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_FFMPEG(); }
  Encoder start(const std::string& name = "part.webm") {
    auto encoder =
        Encoder::start({kFfmpeg, folder.file(name), {320, 180, 10}, "2026-01-01T00:00:00Z"});
    if (!encoder) throw std::runtime_error(encoder.error().detail);
    return std::move(*encoder);
  }
  void write(Encoder& encoder, std::uint64_t at_ms, const std::string& picture) {
    while (!encoder.write(at_ms, picture)) ::usleep(1'000);
  }
  void finish(Encoder& encoder) { encoder.finish(clock, Deadline::after(clock, Duration(20'000))); }

  SystemClock clock;
  support::TempFolder folder;
};

TEST_F(EncoderTest, KeepsTheTimesOfFramesAndTheSizeOfTheVideo) {
  auto encoder = start();
  write(encoder, 500, jpeg("red"));
  write(encoder, 700, jpeg("green", 200, 400));
  write(encoder, 3'000, jpeg("blue"));
  finish(encoder);
  EXPECT_TRUE(encoder.has_finished_well());
  const auto path = folder.file("part.webm");
  EXPECT_EQ(complaints(path), "");
  EXPECT_EQ(probed(path, "packet=pts_time"), "0.500000\n0.700000\n3.000000\n");
  EXPECT_EQ(probed(path, "stream=codec_name,width,height"), "vp8,320,180\n");
}

TEST_F(EncoderTest, TakesNoMoreThanAFewFramesWhileItIsStopped) {
  auto encoder = start();
  ::kill(encoder.pid(), SIGSTOP);
  const auto picture = jpeg("testsrc", 1280, 720) + std::string(100'000, '\0');
  int taken = 0;
  while (taken < 1000 && encoder.write(static_cast<std::uint64_t>(taken) * 100, picture)) ++taken;
  EXPECT_LT(taken, 20);
  EXPECT_TRUE(encoder.is_waiting());
  encoder.finish(clock, Deadline::after(clock, Duration(100)));
  EXPECT_FALSE(encoder.has_finished_well());
}

TEST_F(EncoderTest, SaysThatItWasKilled) {
  auto encoder = start();
  write(encoder, 0, jpeg("red"));
  ::kill(encoder.pid(), SIGKILL);
  std::optional<std::string> why;
  while (!why) why = encoder.ended();
  EXPECT_EQ(*why, "signal 9");
  EXPECT_FALSE(encoder.write(100, jpeg("red")) && encoder.write(200, jpeg("red")) &&
               encoder.write(300, jpeg("red")));
}

TEST_F(EncoderTest, SaysWhatFfmpegSays) {
  auto encoder = Encoder::start({kFfmpeg, "/nowhere/part.webm", {320, 180, 10}, "x"});
  ASSERT_TRUE(encoder);
  std::optional<std::string> why;
  encoder->write(0, jpeg("red"));
  while (!why) why = encoder->ended();
  EXPECT_NE(why->find("No such file or directory"), std::string::npos) << *why;
}

TEST_F(EncoderTest, CannotStartWhatIsNotThere) {
  const auto encoder = Encoder::start({"/nowhere/ffmpeg", folder.file("a"), {}, ""});
  ASSERT_FALSE(encoder);
  EXPECT_EQ(encoder.error().detail, "/nowhere/ffmpeg: No such file or directory");
}

TEST_F(EncoderTest, LeavesAFileThatCanBeFinishedWhereverItIsCut) {
  auto encoder = start();
  const std::string pictures[] = {jpeg("red"), jpeg("blue")};
  for (std::uint64_t i = 0; i < 80; ++i) write(encoder, i * 100, pictures[i % 2]);
  finish(encoder);
  const auto whole = std::filesystem::file_size(folder.file("part.webm"));
  for (const auto share : {0.3, 0.5, 0.77, 0.99}) {
    const auto cut = static_cast<std::uintmax_t>(double(whole) * share);
    std::filesystem::copy_file(folder.file("part.webm"), folder.file("cut.webm"),
                               std::filesystem::copy_options::overwrite_existing);
    std::filesystem::resize_file(folder.file("cut.webm"), cut);
    const auto made = finish_webm({folder.file("cut.webm")}, folder.file("video.webm"), 0);
    ASSERT_TRUE(made) << share;
    EXPECT_GT(made->frames, std::size_t(80 * share) - 20);
    EXPECT_EQ(complaints(folder.file("video.webm")), "") << share;
  }
}

}  // namespace
}  // namespace pbaas::recording
