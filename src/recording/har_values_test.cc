#include "recording/har_values.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace pbaas::recording {
namespace {

Redactor open_redactor() {
  session::HarOptions options;
  options.redaction = session::Redaction::kNone;
  return Redactor(options);
}

TEST(HarTime, HasMicroseconds) {
  EXPECT_EQ(har_time(0), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(har_time(1795570315.25), "2026-11-25T01:31:55.250000Z");
}

TEST(HarHeaders, SplitWhatCdpJoins) {
  const auto headers =
      headers_from(boost::json::parse(R"({"Set-Cookie":"a=1\nb=2","X":""})").as_object());
  EXPECT_EQ(headers, (Headers{{"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}, {"X", ""}}));
  EXPECT_EQ(header_value(headers, "set-cookie"), "a=1");
  EXPECT_EQ(header_bytes({{"a", "1"}}), std::string("a: 1\r\n\r\n").size());
}

TEST(HarCookies, AreReadFromBothHeaders) {
  const auto sent = request_cookies_json({{"cookie", "a=1; b=x=y"}}, open_redactor());
  EXPECT_EQ(boost::json::serialize(sent),
            R"([{"name":"a","value":"1"},{"name":"b","value":"x=y"}])");
  const auto got = response_cookies_json(
      {{"Set-Cookie", "a=1; Path=/; Expires=Wed, 21 Oct 2026 07:28:00 GMT; HttpOnly; Secure"}},
      open_redactor());
  EXPECT_EQ(boost::json::serialize(got),
            R"([{"name":"a","value":"1","path":"/","expires":"2026-10-21T07:28:00.000000Z",)"
            R"("httpOnly":true,"secure":true}])");
}

// One cookie with a year of two digits made the whole HAR invalid.
TEST(HarCookies, HaveAYearOfFourDigits) {
  const auto expires = [](const std::string& date) {
    const auto got =
        response_cookies_json({{"Set-Cookie", "a=1; expires=" + date}}, open_redactor());
    return text_of(got[0].as_object(), "expires");
  };
  EXPECT_EQ(expires("Wed, 13-Jan-21 22:23:01 GMT"), "2021-01-13T22:23:01.000000Z");
  EXPECT_EQ(expires("Mon, 01-Jan-1601 00:00:00 GMT"), "1601-01-01T00:00:00.000000Z");
  EXPECT_EQ(expires("Wed, 13-Jan-0021 22:23:01 GMT"), "2021-01-13T22:23:01.000000Z");
  EXPECT_EQ(expires("Wed, 13-Jan-1500 22:23:01 GMT"), "");
}

TEST(HarCookies, HaveNoExpiryWhereTheDateCannotBeRead) {
  const auto got = response_cookies_json({{"Set-Cookie", "a=1; Expires=soon"}}, open_redactor());
  EXPECT_EQ(boost::json::serialize(got), R"([{"name":"a","value":"1"}])");
}

TEST(HarCookies, AreHidden) {
  const Redactor usual{session::HarOptions{}};
  const auto sent = request_cookies_json({{"Cookie", "a=1"}}, usual);
  EXPECT_EQ(boost::json::serialize(sent), R"([{"name":"a","value":"[redacted]"}])");
}

TEST(HarQuery, IsDecodedAndHidden) {
  const Redactor usual{session::HarOptions{}};
  EXPECT_EQ(boost::json::serialize(query_json("http://a/?q=a+b%21&token=t&e#x=1", usual)),
            R"([{"name":"q","value":"a b!"},{"name":"token","value":"[redacted]"},)"
            R"({"name":"e","value":""}])");
}

TEST(WeightOf, GrowsWithWhatIsInside) {
  const auto light = boost::json::parse(R"({"a":["x"]})").as_object();
  const auto text = R"({"a":[")" + std::string(1000, 'x') + R"(",{}]})";
  const auto heavy = boost::json::parse(text).as_object();
  EXPECT_GE(weight_of(heavy), weight_of(light) + 999);
  EXPECT_LT(weight_of(light), 500u);
}

TEST(CdpFields, AreReadOrTakenAsAbsent) {
  const auto object = boost::json::parse(R"({"a":"x","b":1.5,"c":true,"d":{"e":1}})").as_object();
  EXPECT_EQ(text_of(object, "a") + text_of(object, "b"), "x");
  EXPECT_EQ(number_of(object, "b", 0), 1.5);
  EXPECT_EQ(number_of(object, "a", -1), -1);
  EXPECT_TRUE(flag_of(object, "c"));
  EXPECT_EQ(object_of(object, "d").size() + object_of(object, "z").size(), 1u);
}

}  // namespace
}  // namespace pbaas::recording
