#include "store/recording.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

Recording stored() {
  Recording recording{.session = SessionId::random(), .name = "video.webm"};
  recording.kind = RecordingKind::kVideo;
  recording.state = RecordingState::kTruncated;
  recording.truncated = true;
  recording.bytes = std::uint64_t{1} << 40;
  recording.sha256 = std::string(64, 'a');
  recording.duration = Duration{61'500};
  recording.why = "the disk is \"full\"";
  recording.changed_at = WallTime{Duration{1'700'000'000'123}};
  recording.removed = true;
  return recording;
}

std::string with(const std::string& from, const std::string& to) {
  auto text = to_manifest(stored());
  text.replace(text.find(from), from.size(), to);
  return text;
}

TEST(Recording, IsReadBackAsItWasWritten) {
  const auto written = stored();
  const auto read = from_manifest(to_manifest(written));
  ASSERT_TRUE(read);
  EXPECT_EQ(to_manifest(*read), to_manifest(written));
  EXPECT_EQ(read->session, written.session);
  EXPECT_EQ(read->bytes, written.bytes);
}

TEST(Recording, IsReadFromAManifestOfAVersionThatKeptNoRemovalsInMind) {
  const auto read = from_manifest(with(R"("removed":true,)", ""));
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->removed);
}

TEST(Recording, IsNotReadFromAHalfWrittenManifest) {
  const auto text = to_manifest(stored());
  for (std::size_t size = 0; size + 1 < text.size(); ++size)
    EXPECT_FALSE(from_manifest(text.substr(0, size))) << size;
}

TEST(Recording, IsNotReadFromWhatNoneOfOursWrote) {
  EXPECT_FALSE(from_manifest(with("video.webm", "../../etc/x")));
  EXPECT_FALSE(from_manifest(with("\"truncated\"", "\"gone\"")));
  EXPECT_FALSE(from_manifest(with("aaaa", "AAAA")));
  EXPECT_FALSE(from_manifest(with("1099511627776", "-1")));
  EXPECT_FALSE(from_manifest("[]"));
}

TEST(Recording, IsSettledWhenNothingMoreHappensToIt) {
  Recording recording = stored();
  EXPECT_TRUE(recording.is_settled());
  recording.state = RecordingState::kUploading;
  EXPECT_FALSE(recording.is_settled());
}

}  // namespace
}  // namespace pbaas::store
