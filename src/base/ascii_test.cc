#include "base/ascii.h"

#include <gtest/gtest.h>

namespace pbaas {
namespace {

TEST(Ascii, ComparesWordsWithoutCase) {
  EXPECT_TRUE(same_word("Sec-WebSocket-Key", "sec-websocket-key"));
  EXPECT_FALSE(same_word("key", "keys"));
  EXPECT_FALSE(same_word("[", "{")) << "they differ by the bit that tells cases apart";
}

TEST(Ascii, TrimsBlanksAndTabsAlone) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("  "), "");
  EXPECT_EQ(trim("\na"), "\na");
}

TEST(Ascii, KnowsItsOwnDigitsAndLetters) {
  EXPECT_TRUE(is_digit('0') && is_digit('9'));
  EXPECT_TRUE(is_letter('a') && is_letter('Z'));
  EXPECT_FALSE(is_digit('/') || is_digit(':') || is_letter('@') || is_letter('\xe9'));
}

}  // namespace
}  // namespace pbaas
