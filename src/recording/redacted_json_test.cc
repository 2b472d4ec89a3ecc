#include "recording/redacted_json.h"

#include <gtest/gtest.h>

#include <array>

namespace pbaas::recording {
namespace {

const SecretNames kNames{{}};

struct Case {
  std::string_view written;
  std::string_view shown;
};

TEST(RedactedJson, HidesValuesOfSecretKeysAtAnyDepth) {
  constexpr auto kCases = std::to_array<Case>({
      {R"({"a":[{"userPassword":"pw","b":1}]})", R"({"a":[{"userPassword":"[redacted]","b":1}]})"},
      {R"({"credentials":{"a":1},"pin":1234})",
       R"({"credentials":"[redacted]","pin":"[redacted]"})"},
      {R"({ "a" : 1.0 , "password":null,"auth":true})",
       R"({ "a" : 1.0 , "password":null,"auth":true})"},
      {R"([{"name":"password","value":"pw"},{"name":"n","value":"1"}])",
       R"([{"name":"password","value":"[redacted]"},{"name":"n","value":"1"}])"},
      {R"({"value":"pw","key":"password"})", R"({"value":"[redacted]","key":"password"})"},
      {R"([["password","pw"],["n","1"]])", R"([["password","[redacted]"],["n","1"]])"},
      {R"(["your token: is here",1])", R"(["your token: [redacted]",1])"},
      {R"(["a new token, and a key","x"])", R"(["a new token, and a key","x"])"},
  });
  for (const auto& [written, shown] : kCases) EXPECT_EQ(redacted_json(written, kNames), shown);
}

TEST(RedactedJson, LooksIntoStrings) {
  constexpr auto kCases = std::to_array<Case>({
      {R"({"u":"https://h/?token=abc&x=1"})", R"({"u":"https://h/?token=[redacted]&x=1"})"},
      {R"({"s":"{\"password\":\"abc\"}"})", R"({"s":"{\"password\":\"[redacted]\"}"})"},
      {R"({"body":"a=1&pw=abc"})", R"({"body":"a=1&pw=[redacted]"})"},
      {R"({"query":"mutation{login(password:\"abc\")}"})",
       R"({"query":"mutation{login(password:\"[redacted]\")}"})"},
      {R"({"https://h/?token=abc":1})", R"({"https://h/?token=[redacted]":"[redacted]"})"},
      {R"("https://h/?token=abc")", R"("https://h/?token=[redacted]")"},
  });
  for (const auto& [written, shown] : kCases) EXPECT_EQ(redacted_json(written, kNames), shown);
}

TEST(RedactedJson, TakesValuesOneAfterTheOther) {
  constexpr auto kCases = std::to_array<Case>({
      {R"(40{"token":"x"})", R"(40{"token":"[redacted]"})"},
      {R"(42/admin,7["login",{"password":"x"}])",
       R"(42/admin,7["login",{"password":"[redacted]"}])"},
      {"{\"token\":\"x\"}\x1e{\"a\":1}\x1e", "{\"token\":\"[redacted]\"}\x1e{\"a\":1}\x1e"},
      {"{\"a\":1}\n{\"pw\":\"x\"}\n", "{\"a\":1}\n{\"pw\":\"[redacted]\"}\n"},
      {"12", "12"},
  });
  for (const auto& [written, shown] : kCases) EXPECT_EQ(redacted_json(written, kNames), shown);
}

TEST(RedactedJson, DoesNotShowWhatASecondMemberOfThatNameCovers) {
  EXPECT_EQ(redacted_json(R"({"a":{"password":"abc"},"a":1})", kNames), R"({"a":1})");
}

TEST(RedactedJson, IsNothingWhereItIsNone) {
  for (const auto* text :
       {R"({"password":"p)", "see [this]", "{a:1}", "token[0]=x", "token: [1]",
        "{} and so on, and so on, and so on, and so on, and so on, and so on {}"})
    EXPECT_FALSE(redacted_json(text, kNames)) << text;
}

TEST(RedactedJson, BeginsWithABracketAfterDigits) {
  EXPECT_TRUE(looks_like_json(" {\"a\""));
  EXPECT_TRUE(looks_like_json("42[\"a\""));
  EXPECT_FALSE(looks_like_json("a=[1]"));
  EXPECT_FALSE(looks_like_json(""));
}

}  // namespace
}  // namespace pbaas::recording
