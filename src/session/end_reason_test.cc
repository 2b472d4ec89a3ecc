#include "session/end_reason.h"

#include <gtest/gtest.h>

#include <set>

namespace pbaas::session {
namespace {

TEST(EndReason, HasAWordOfItsOwnThatReadsBack) {
  std::set<std::string_view> words;
  for (const auto reason : kAllEndReasons) {
    EXPECT_TRUE(words.insert(to_word(reason)).second) << to_word(reason);
    EXPECT_EQ(end_reason_from_word(to_word(reason)), reason);
  }
}

TEST(EndReason, IsNotReadFromAnotherWord) {
  EXPECT_FALSE(end_reason_from_word(""));
  EXPECT_FALSE(end_reason_from_word("IDLE_TIMEOUT"));
  EXPECT_FALSE(end_reason_from_word("idle"));
}

TEST(EndReason, ClosesTheWebSocketWithTheCodeClientsWereTold) {
  EXPECT_EQ(close_code(EndReason::kClientRequest), 1000);
  EXPECT_EQ(close_code(EndReason::kBrowserClosed), 1000);
  EXPECT_EQ(close_code(EndReason::kIdleTimeout), 4000);
  EXPECT_EQ(close_code(EndReason::kSessionTimeout), 4001);
  EXPECT_EQ(close_code(EndReason::kDrained), 1001);
  EXPECT_EQ(close_code(EndReason::kBrowserCrashed), 1011);
  EXPECT_EQ(close_code(EndReason::kOutOfMemory), 1011);
  EXPECT_EQ(close_code(EndReason::kBrowserHung), 1011);
  EXPECT_EQ(close_code(EndReason::kWorkerLost), 1014);
}

}  // namespace
}  // namespace pbaas::session
