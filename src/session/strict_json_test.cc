#include "session/strict_json.h"

#include <gtest/gtest.h>

#include <string>

namespace pbaas::session {
namespace {

TEST(StrictJson, GivesTheObject) {
  const auto object = parse_strict_object(R"( {"a":{"b":[1,{"c":null}]}} )");
  ASSERT_TRUE(object);
  EXPECT_TRUE(object->at("a").is_object());
}

TEST(StrictJson, LetsOneNameBeInTwoObjects) {
  EXPECT_TRUE(parse_strict_object(R"({"a":{"x":1},"b":{"x":2},"c":[{"x":3},{"x":4}]})"));
}

TEST(StrictJson, FindsANameThatIsThereTwice) {
  EXPECT_EQ(parse_strict_object(R"({"a":1,"b":2,"a":3})").error().field, "a");
  EXPECT_EQ(parse_strict_object(R"({"a":{"b":{"c":1,"c":2}}})").error().field, "a.b.c");
  EXPECT_EQ(parse_strict_object(R"({"a":[{"c":1},{"c":2,"c":3}]})").error().field, "a.c");
  EXPECT_EQ(parse_strict_object(R"({"":1,"":2})").error().field, "");
}

TEST(StrictJson, TakesNoMoreDepthThanItsLimit) {
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };
  EXPECT_TRUE(parse_strict_object(nested(kJsonDepthMax)));
  EXPECT_EQ(parse_strict_object(nested(kJsonDepthMax + 1)).error().fault, Fault::kMalformedJson);
  EXPECT_EQ(parse_strict_object(nested(100'000)).error().fault, Fault::kMalformedJson);
}

TEST(StrictJson, TakesNoLooseJson) {
  for (const char* body : {"{a:1}", "{\"a\":1,}", "{'a':1}", "{\"a\":01}", "{\"a\":NaN}",
                           "{/*x*/\"a\":1}", "{\"a\":1}x", "{\"a\"", "\"a\"", "1"})
    EXPECT_EQ(parse_strict_object(body).error().fault, Fault::kMalformedJson) << body;
}

}  // namespace
}  // namespace pbaas::session
