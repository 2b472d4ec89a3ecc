#include "store/page_cursor.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

TEST(PageCursor, ComesBackAsItWas) {
  for (const std::int64_t ms : {0LL, 1LL, -5LL, 1'700'000'000'000LL, 9'999'999'999'999LL}) {
    const PageCursor cursor{WallTime{Duration{ms}}, SessionId::random()};
    const auto read = decode_cursor(encode_cursor(cursor));
    ASSERT_TRUE(read) << ms;
    EXPECT_EQ(read->created_at, cursor.created_at);
    EXPECT_EQ(read->id, cursor.id);
  }
}

TEST(PageCursor, NeedsNoEscapingInAUrl) {
  const auto text = encode_cursor({WallTime{Duration{1'700'000'000'000}}, SessionId::random()});
  EXPECT_EQ(text.find_first_of("+/=&?% "), std::string::npos) << text;
}

TEST(PageCursor, TakesNothingThatWasChanged) {
  const auto text = encode_cursor({WallTime{Duration{1'700'000'000'000}}, SessionId::random()});
  EXPECT_FALSE(decode_cursor(""));
  EXPECT_FALSE(decode_cursor("x"));
  EXPECT_FALSE(decode_cursor(text + "A"));
  EXPECT_FALSE(decode_cursor(text + "="));
  EXPECT_FALSE(decode_cursor(text.substr(1)));
  EXPECT_FALSE(decode_cursor(text.substr(0, text.size() - 1)));
  EXPECT_FALSE(decode_cursor(std::string(10'000, 'A')));
}

}  // namespace
}  // namespace pbaas::store
