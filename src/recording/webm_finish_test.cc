#include "recording/webm_finish.h"

#include <filesystem>
#include <fstream>

#include "recording/encoder.h"
#include "recording/video_rig.h"
#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

using namespace testing;

class WebmFinishTest : public ::testing::Test {
 protected:
  void SetUp() override { SKIP_WITHOUT_FFMPEG(); }
  // A part with a frame each second, of the seconds given.
  std::string part(const std::string& name, std::uint64_t from_s, std::uint64_t to_s) {
    const auto path = folder.file(name);
    auto encoder = Encoder::start({kFfmpeg, path, {320, 240, 10}, "2026-01-01T00:00:00Z"}).value();
    for (auto second = from_s; second <= to_s; ++second) {
      while (!encoder.write(second * 1000, jpeg("red"))) ::usleep(1'000);
    }
    encoder.finish(clock, Deadline::after(clock, Duration(20'000)));
    return path;
  }

  SystemClock clock;
  support::TempFolder folder;
};

TEST_F(WebmFinishTest, JoinsPartsIntoOneVideoWithItsDurationAndAnIndex) {
  const auto made = finish_webm({part("0.webm", 0, 7), folder.file("none"), part("1.webm", 9, 12)},
                                folder.file("video.webm"), 15'000);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->duration_ms, 15'000u);
  EXPECT_EQ(made->frames, 12u);
  const auto path = folder.file("video.webm");
  EXPECT_EQ(made->bytes, std::filesystem::file_size(path));
  EXPECT_EQ(probed(path, "format=duration"), "15.000000\n");
  EXPECT_EQ(complaints(path), "");
  // A player that seeks finds the key frame before, by the index.
  EXPECT_EQ(probed("-read_intervals 7%+#1 " + path, "packet=pts_time"), "5.000000\n");
}

TEST_F(WebmFinishTest, KeepsTheDate) {
  ASSERT_TRUE(finish_webm({part("0.webm", 0, 1)}, folder.file("video.webm"), 0));
  EXPECT_EQ(probed(folder.file("video.webm"), "format_tags=creation_time"),
            "2026-01-01T00:00:00.000000Z\n");
}

TEST_F(WebmFinishTest, EndsWithItsLastFrameWhereNobodySaysWhen) {
  const auto made = finish_webm({part("0.webm", 0, 3)}, folder.file("video.webm"), 0);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->duration_ms, 3'100u);
}

TEST_F(WebmFinishTest, SaysThatThereIsNoFrame) {
  std::ofstream(folder.file("0.webm")) << "not a video, but longer than a head";
  for (const auto& parts : {std::vector<std::string>{}, {folder.file("0.webm")}}) {
    const auto made = finish_webm(parts, folder.file("video.webm"), 0);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().detail, "no frame was recorded");
  }
}

TEST_F(WebmFinishTest, SaysThatItCannotWrite) {
  EXPECT_FALSE(finish_webm({part("0.webm", 0, 1)}, "/dev/full", 0));
}

}  // namespace
}  // namespace pbaas::recording
