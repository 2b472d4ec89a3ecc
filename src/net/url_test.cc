#include "net/url.h"

#include <gtest/gtest.h>

namespace pbaas::net {
namespace {

TEST(Url, DecodesEscapesOfThePath) {
  EXPECT_EQ(parse_target("/session/a%20b%C3%A9")->path, "/session/a bé");
}

TEST(Url, LeavesAPlusInThePathAlone) {
  EXPECT_EQ(parse_target("/a+b")->path, "/a+b");
}

TEST(Url, ReadsAPlusInTheQueryAsABlank) {
  EXPECT_EQ(parse_target("/?name=a+b%2Bc")->query.at("name"), "a b+c");
}

TEST(Url, KeepsTheLastOfAName) {
  EXPECT_EQ(parse_target("/?a=1&b=2&a=3")->query.at("a"), "3");
}

TEST(Url, TakesNamesWithoutAValueAndEmptyPairs) {
  const auto query = parse_target("/?a&&b=&=c")->query;
  EXPECT_EQ(query.at("a"), "");
  EXPECT_EQ(query.at("b"), "");
  EXPECT_EQ(query.at(""), "c");
}

TEST(Url, ForgetsTrailingAndDoubledSlashes) {
  EXPECT_EQ(parse_target("/session/x//json/version/")->path, "/session/x/json/version");
  EXPECT_EQ(parse_target("//")->path, "/");
  EXPECT_EQ(parse_target("/?q=//")->query.at("q"), "//");
}

TEST(Url, TakesAnAbsoluteTarget) {
  const auto target = parse_target("HTTP://browsers.example:8000/session?limit=1");
  EXPECT_EQ(target->authority, "browsers.example:8000");
  EXPECT_EQ(target->path, "/session");
  EXPECT_EQ(target->query.at("limit"), "1");
  EXPECT_EQ(parse_target("http://browsers.example")->path, "/");
}

class BadTarget : public testing::TestWithParam<const char*> {};

TEST_P(BadTarget, IsMalformed) {
  const auto target = parse_target(GetParam());
  ASSERT_FALSE(target);
  EXPECT_EQ(target.error().fault, Fault::kMalformedHttp);
}

INSTANTIATE_TEST_SUITE_P(
    Url, BadTarget,
    testing::Values("", "session", "*", "host:443", "https://host/", "ftp://h/", "http://",
                    "http:///x", "http://user@host/", "http://a,b/", "http://a\"b/", "http://a\\b/",
                    "http://<a>/", "/%", "/%4", "/%zz", "/%4g", "/?a=%", "/%00", "/?a=%00", "/%ff",
                    "/%c0%af", "/%ed%a0%80", "/%f4%90%80%80", "/%e2%82", "/?a=%c3", "/a/../b", "/.",
                    "/%2e%2e/etc", "/.%2E", "/a%2fb", "/a%0ab", "/a%7fb", "/a#b"));

TEST(Url, KnowsTheBoundsOfUtf8) {
  for (const auto* text : {"\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf",
                           "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
  for (const auto* text : {"\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "\xc3\x28"}) {
    EXPECT_FALSE(is_utf8(text)) << text;
  }
}

}  // namespace
}  // namespace pbaas::net
