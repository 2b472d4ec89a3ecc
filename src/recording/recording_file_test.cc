#include "recording/recording_file.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

TEST(RecordingFile, HasTheWordsOfTheApi) {
  EXPECT_EQ(to_word(RecordingState::kTruncated), "truncated");
}

}  // namespace
}  // namespace pbaas::recording
