#include "session/field_error.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas::session {
namespace {

TEST(FieldError, NamesTheFieldTheValueAndWhatItTakes) {
  const auto error = invalid_field("viewport.width", "wide", "a number");
  EXPECT_EQ(error.fault, Fault::kInvalidField);
  EXPECT_EQ(error.field, "viewport.width");
  EXPECT_EQ(error.detail, "viewport.width is \"wide\"; it takes a number");
}

TEST(FieldError, SaysWhatTheObjectTakesOfAFieldItDoesNotKnow) {
  EXPECT_EQ(unknown_field("viewport", "depth", "width").detail,
            "viewport.depth is not a field; viewport takes width");
  EXPECT_EQ(unknown_field("", "depth", "timeout").detail,
            "depth is not a field; the body takes timeout");
}

TEST(FieldError, DoesNotGrowWithTheRequest) {
  const std::string large(100'000, 'x');
  EXPECT_LT(invalid_field(large, boost::json::value(large), "less").detail.size(), 250U);
  EXPECT_LT(unknown_field("", large, "less").detail.size(), 250U);
}

TEST(FieldError, CutsBetweenCharactersNeverInsideOne) {
  const std::string euro = "\u20ac";  // three bytes
  for (std::size_t before = 0; before < 3; ++before) {
    std::string text(before, 'x');
    while (text.size() < 200) text += euro;
    const auto quoted = "\"" + shortened(text) + "\"";
    boost::system::error_code error;
    boost::json::parse(quoted, error);
    EXPECT_FALSE(error) << quoted;
    EXPECT_LE(shortened(text).size(), kShownBytesMax + 3);
  }
}

TEST(FieldError, LeavesWhatIsShortAsItIs) {
  EXPECT_EQ(shortened(std::string(kShownBytesMax, 'x')), std::string(kShownBytesMax, 'x'));
}

}  // namespace
}  // namespace pbaas::session
