#include "store/valid_text.h"

#include <gtest/gtest.h>

namespace pbaas::store {
namespace {

using namespace std::string_literals;

TEST(ValidText, LeavesTextAsItIs) {
  EXPECT_EQ(valid_text("caf\xC3\xA9 \xF0\x9F\x8E\xA5"), "caf\xC3\xA9 \xF0\x9F\x8E\xA5");
  EXPECT_EQ(valid_text(""), "");
}

TEST(ValidText, ReplacesWhatIsNoCharacter) {
  EXPECT_EQ(valid_text("a\xFF"
                       "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(valid_text("a\xC3"), "a\xEF\xBF\xBD");
}

TEST(ValidText, HasNoNul) {
  EXPECT_EQ(valid_text("a\0b"s),
            "a\xEF\xBF\xBD"
            "b");
}

}  // namespace
}  // namespace pbaas::store
