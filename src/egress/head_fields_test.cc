#include "egress/head_fields.h"

#include <gtest/gtest.h>

namespace pbaas::egress {
namespace {

TEST(HeadFields, LinesEndWithOrWithoutCr) {
  std::string_view rest = "one\r\ntwo\n\r\nbehind";
  EXPECT_EQ(take_line(rest), "one");
  EXPECT_EQ(take_line(rest), "two");
  EXPECT_EQ(take_line(rest), "");
  EXPECT_EQ(rest, "behind");
}

TEST(HeadFields, AFieldIsANameAndAValueWithoutBlanks) {
  EXPECT_EQ(field_of("Via: \t1.1 x ").name, "Via");
  EXPECT_EQ(field_of("Via: \t1.1 x ").value, "1.1 x");
  EXPECT_EQ(field_of("no colon").name, "");
}

TEST(HeadFields, AListHasAWordInAnyCase) {
  EXPECT_TRUE(lists_word("keep-alive, Upgrade", "upgrade"));
  EXPECT_TRUE(lists_word("CLOSE", "close"));
  EXPECT_FALSE(lists_word("not-close", "close"));
  EXPECT_FALSE(lists_word("", "close"));
}

}  // namespace
}  // namespace pbaas::egress
