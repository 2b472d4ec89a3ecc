#include "recording/recording_file.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

TEST(RecordingFile, HasTheWordsOfTheApi) {
  EXPECT_EQ(to_word(RecordingKind::kHar), "har");
  EXPECT_EQ(file_name(RecordingKind::kHar), "network.har");
  EXPECT_EQ(file_name(RecordingKind::kVideo), "video.webm");
  EXPECT_EQ(to_word(RecordingState::kTruncated), "truncated");
}

}  // namespace
}  // namespace pbaas::recording
