#include "session/recording_kind.h"

#include <gtest/gtest.h>

namespace pbaas::session {
namespace {

TEST(RecordingKind, HasTheWordsOfTheApi) {
  EXPECT_EQ(to_word(RecordingKind::kHar), "har");
  EXPECT_EQ(file_name(RecordingKind::kHar), "network.har");
  EXPECT_EQ(file_name(RecordingKind::kVideo), "video.webm");
  EXPECT_EQ(recording_kind_from_word("video"), RecordingKind::kVideo);
  EXPECT_FALSE(recording_kind_from_word("sound"));
}

TEST(RecordingKind, IsWhatTheOptionsAskFor) {
  EXPECT_TRUE(kinds_of({}).empty());
  EXPECT_EQ(kinds_of({HarOptions{}, VideoOptions{}}),
            (std::vector{RecordingKind::kHar, RecordingKind::kVideo}));
}

}  // namespace
}  // namespace pbaas::session
