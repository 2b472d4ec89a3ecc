#include "store/recording_spool.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/digest.h"
#include "support/temp_folder.h"

namespace pbaas::store {
namespace {

class RecordingSpoolTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(spool_.open()); }

  Recording begin(const std::string& content = "content") {
    Recording recording{.session = SessionId::random(), .name = "network.har"};
    EXPECT_TRUE(spool_.write(recording));
    std::ofstream(spool_.path(recording), std::ios::binary) << content;
    return recording;
  }

  // As the next process finds it.
  std::vector<Recording> reopened() { return RecordingSpool(root_).open().value(); }

  support::TempFolder folder_;
  const std::string root_ = folder_.file("recordings-spool");
  RecordingSpool spool_{root_};
};

TEST_F(RecordingSpoolTest, FindsWhatWasBegun) {
  const auto begun = begin();
  ASSERT_EQ(reopened().size(), 1U);
  EXPECT_EQ(reopened()[0].session, begun.session);
  EXPECT_EQ(reopened()[0].state, RecordingState::kRecording);
}

TEST_F(RecordingSpoolTest, SealsAFileWithItsSizeAndDigest) {
  auto recording = begin("the content");
  ASSERT_TRUE(spool_.seal(recording));
  EXPECT_EQ(recording.bytes, 11U);
  EXPECT_EQ(recording.sha256, sha256_hex("the content"));
}

TEST_F(RecordingSpoolTest, SealsNoFileThatIsMissing) {
  auto recording = begin();
  std::filesystem::remove(spool_.path(recording));
  EXPECT_FALSE(spool_.seal(recording));
}

TEST_F(RecordingSpoolTest, RemovesTheFileThatAKilledProcessHadStored) {
  auto recording = begin();
  ASSERT_TRUE(spool_.seal(recording));
  recording.state = RecordingState::kStored;
  ASSERT_TRUE(spool_.write(recording));
  EXPECT_EQ(reopened().size(), 1U);
  EXPECT_FALSE(std::filesystem::exists(spool_.path(recording)));
}

TEST_F(RecordingSpoolTest, KeepsTheFormerManifestWhereTheNewOneWasHalfWritten) {
  const auto recording = begin();
  std::ofstream(root_ + "/" + recording.session.text() + "/.network.har.manifest.new") << "{\"se";
  EXPECT_EQ(reopened().size(), 1U);
}

TEST_F(RecordingSpoolTest, PutsAManifestAsideThatNobodyCanRead) {
  const auto recording = begin();
  std::ofstream(root_ + "/" + recording.session.text() + "/.network.har.manifest") << "x";
  EXPECT_TRUE(reopened().empty());
  EXPECT_TRUE(std::filesystem::exists(spool_.path(recording)));
}

TEST_F(RecordingSpoolTest, ClearsAwayWhatNoManifestTellsOf) {
  const auto session = root_ + "/" + SessionId::random().text();
  std::filesystem::create_directory(session);
  std::ofstream(session + "/video.0.part.webm") << "x";
  EXPECT_TRUE(reopened().empty());
  EXPECT_FALSE(std::filesystem::exists(session));
}

TEST_F(RecordingSpoolTest, KeepsWhatIsToBeLookedAt) {
  const auto recording = begin();
  std::ofstream(root_ + "/" + recording.session.text() + "/.network.har.manifest") << "x";
  (void)reopened();
  (void)reopened();
  EXPECT_TRUE(std::filesystem::exists(spool_.path(recording)));
}

TEST_F(RecordingSpoolTest, TakesNoManifestFromAnotherPlace) {
  const auto recording = begin();
  const auto other = root_ + "/" + SessionId::random().text();
  std::filesystem::rename(root_ + "/" + recording.session.text(), other);
  EXPECT_TRUE(reopened().empty());
}

TEST_F(RecordingSpoolTest, ForgetsTheSessionWithItsLastRecording) {
  const auto har = begin();
  Recording video = har;
  video.name = "video.webm";
  ASSERT_TRUE(spool_.write(video));
  const auto session = root_ + "/" + har.session.text();
  std::ofstream(session + "/network.har.work") << "x";
  ASSERT_TRUE(spool_.forget(har));
  EXPECT_TRUE(std::filesystem::exists(session));
  ASSERT_TRUE(spool_.forget(video));
  EXPECT_FALSE(std::filesystem::exists(session));
}

TEST_F(RecordingSpoolTest, CountsWhatASessionTakes) {
  const auto recording = begin(std::string(10'000, 'x'));
  EXPECT_GE(spool_.bytes_of(recording.session), 10'000U);
  EXPECT_LT(spool_.bytes_of(recording.session), 12'000U);
  EXPECT_EQ(spool_.bytes_of(SessionId::random()), 0U);
}

TEST_F(RecordingSpoolTest, NamesTheFolderThatItCannotMake) {
  std::ofstream(folder_.file("file")) << "x";
  const auto opened = RecordingSpool(folder_.file("file/spool")).open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().detail.find("file/spool"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::store
