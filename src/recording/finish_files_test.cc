#include "recording/finish_files.h"

#include <gtest/gtest.h>
#include <sys/mount.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "support/temp_folder.h"

namespace pbaas::recording {
namespace {

const std::string kWhy = "the service was killed";

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
  EXPECT_EQ(finish_left_over(folder.path(), RecordingKind::kHar, {}, kWhy).state,
            RecordingState::kFailed);
}

TEST(FinishFiles, LeaveNothingOfWhatNoFileCameOf) {
  const support::TempFolder folder;
  {
    HarSpool(har_spool_path(folder.path())).flush();
  }
  std::filesystem::create_directory(folder.file("network.har.incoming"));
  EXPECT_EQ(finish_har(folder.path(), {}, "").state, RecordingState::kFailed);
  std::ofstream(folder.file("video.0.part.webm")) << "no video";
  EXPECT_EQ(finish_video(folder.path(), 0, "").state, RecordingState::kFailed);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path()));
}

TEST(FinishFiles, TakeAFileThatWasWholeWhenTheServiceWasKilled) {
  const support::TempFolder folder;
  std::ofstream(folder.file("video.webm")) << "whole";
  std::ofstream(folder.file("video.1.part.webm")) << "a part that was not removed yet";
  std::ofstream(folder.file("network.har.spool"));
  const auto file = finish_left_over(folder.path(), RecordingKind::kVideo, {}, kWhy);
  EXPECT_EQ(file.state, RecordingState::kTruncated);
  EXPECT_EQ(file.bytes, 5U);
  EXPECT_FALSE(std::filesystem::exists(folder.file("video.1.part.webm")));
  EXPECT_TRUE(std::filesystem::exists(har_spool_path(folder.path())));
}

enum class Filling { kNone, kAll };

// Takes what is left of the disk.
void fill(const std::string& path) {
  std::ofstream file(path, std::ios::binary);
  const std::string page(4096, 'x');
  while (file.write(page.data(), 4096).flush()) {
  }
}

// What becomes of a spool of so many entries of 10 KB on a disk of that size.
RecordingFile finish_on_small_disk(std::uint64_t entries, const std::string& size,
                                   Filling filling = Filling::kNone) {
  const support::TempFolder folder;
  if (::mount("tmpfs", folder.path().c_str(), "tmpfs", 0, size.c_str()) != 0) return {};
  {
    HarSpool spool(har_spool_path(folder.path()));
    for (std::uint64_t n = 0; n < entries; ++n)
      spool.entry(n, static_cast<std::int64_t>(n), {{"text", std::string(10'000, 'x')}});
    spool.flush();
    if (filling == Filling::kAll) fill(folder.file("filling"));
  }
  auto file = finish_har(folder.path(), {"1", "Chrome", "156"}, "");
  ::umount(folder.path().c_str());
  return file;
}

TEST(FinishFiles, MakeASmallHarWholeWhereTheDiskIsFull) {
  const auto file = finish_on_small_disk(40, "size=512k");
  if (file.why.empty() && file.bytes == 0) GTEST_SKIP() << "a small disk can be made by root alone";
  EXPECT_EQ(file.state, RecordingState::kComplete) << file.why;
  EXPECT_GT(file.bytes, 400'000U);
}

TEST(FinishFiles, MakeASmallHarWholeWhereTheDiskHasNotOnePageLeft) {
  for (const std::uint64_t entries : {0U, 1U, 40U}) {
    const auto file = finish_on_small_disk(entries, "size=512k", Filling::kAll);
    if (file.why.empty() && file.bytes == 0)
      GTEST_SKIP() << "a small disk can be made by root alone";
    EXPECT_EQ(file.state, RecordingState::kComplete) << entries << ": " << file.why;
  }
}

TEST(FinishFiles, MakeAHarOfTheFirstHalfWhereTheDiskIsFull) {
  const auto file = finish_on_small_disk(2'000, "size=24m");
  if (file.why.empty() && file.bytes == 0) GTEST_SKIP() << "a small disk can be made by root alone";
  EXPECT_EQ(file.state, RecordingState::kTruncated);
  EXPECT_EQ(file.why, "the disk was full, and half of it made room for the other");
  EXPECT_GT(file.bytes, 8'000'000U);
  EXPECT_LT(file.bytes, 10'000'000U);
}

TEST(FinishFiles, WaitForAnEncoderThatStillWrites) {
  const support::TempFolder folder;
  const auto part = folder.file("video.0.part.webm");
  std::ofstream(part) << "a part";
  std::atomic<bool> is_done{false};
  std::ofstream writing(part, std::ios::app);
  std::thread encoder([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    is_done = true;
    writing.close();
  });
  (void)finish_left_over(folder.path(), RecordingKind::kVideo, {}, kWhy);
  EXPECT_TRUE(is_done);
  encoder.join();
}

TEST(FinishFiles, MakeAHarOfWhatAKilledServiceLeft) {
  const support::TempFolder folder;
  {
    HarSpool(har_spool_path(folder.path())).flush();
  }
  std::ofstream(folder.file("network.har.incoming")) << "half of a HAR";
  const auto file = finish_left_over(folder.path(), RecordingKind::kHar, {}, kWhy);
  EXPECT_EQ(file.state, RecordingState::kTruncated);
  EXPECT_EQ(file.why, kWhy);
  EXPECT_FALSE(std::filesystem::exists(folder.file("network.har.incoming")));
  EXPECT_FALSE(std::filesystem::exists(har_spool_path(folder.path())));
}

}  // namespace
}  // namespace pbaas::recording
