#include "recording/finish_files.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

TEST(FinishFiles, MakeAHarAndRemoveItsSpool) {
  const support::TempFolder folder;
  {
    HarSpool(har_spool_path(folder.path())).flush();
  }
  const auto file = finish_har(folder.path(), {"1", "Chrome", "156"}, "");
  EXPECT_EQ(file.state, RecordingState::kComplete);
  EXPECT_EQ(file.bytes, std::filesystem::file_size(folder.file("network.har")));
  EXPECT_FALSE(std::filesystem::exists(har_spool_path(folder.path())));
}

TEST(FinishFiles, SayWhatIsMissing) {
  const support::TempFolder folder;
  {
    HarSpool(har_spool_path(folder.path())).flush();
  }
  const auto file = finish_har(folder.path(), {"1", "Chrome", "156"}, "the disk was full");
  EXPECT_EQ(file.state, RecordingState::kTruncated);
  EXPECT_EQ(file.why, "the disk was full");
}

TEST(FinishFiles, LeaveNothingWhereThereIsNothing) {
  const support::TempFolder folder;
  EXPECT_EQ(finish_har(folder.path(), {}, "").state, RecordingState::kFailed);
  EXPECT_EQ(finish_video(folder.path(), 0, "").state, RecordingState::kFailed);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
  EXPECT_TRUE(finish_left_over(folder.path(), {}).empty());
}

}  // namespace
}  // namespace pbaas::recording
