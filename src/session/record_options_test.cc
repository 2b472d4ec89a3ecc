#include "session/record_options.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas::session {
namespace {

std::optional<RecordOptions> read(std::string_view text) {
  return read_record_options(boost::json::parse(text)).value();
}

std::string refusal(std::string_view text) {
  const auto options = read_record_options(boost::json::parse(text));
  if (options) return "taken";
  return std::string(reason_word(options.error().fault)) + " " + options.error().field;
}

TEST(RecordOptions, TakeTrueAsTheDefaults) {
  EXPECT_EQ(read(R"({"har":true,"video":true})"), (RecordOptions{HarOptions{}, VideoOptions{}}));
}

TEST(RecordOptions, ComeToNothingWhereNothingIsAskedFor) {
  for (const char* text : {"{}", R"({"har":false})", R"({"har":null,"video":false})"}) {
    EXPECT_FALSE(read(text)) << text;
  }
}

TEST(RecordOptions, TakeEveryField) {
  const auto options = read(R"({"har":{"bodies":"all","body_bytes_max":2000,"redact":["ssn"]},
                                "video":{"width":641,"height":480,"fps_max":5}})");
  HarOptions har;
  har.bodies = HarBodies::kAll;
  har.body_bytes_max = 2000;
  har.redacted_names = {"ssn"};
  EXPECT_EQ(options, (RecordOptions{har, VideoOptions{640, 480, 5}}));
}

TEST(RecordOptions, HideNothingWhereTheListIsEmpty) {
  EXPECT_EQ(read(R"({"har":{"redact":[]}})")->har->redaction, Redaction::kNone);
}

TEST(RecordOptions, NameTheFieldThatIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"true", "invalid_field record"},
      {R"({"audio":true})", "unknown_field record.audio"},
      {R"({"har":"yes"})", "invalid_field record.har"},
      {R"({"har":{"body":1}})", "unknown_field record.har.body"},
      {R"({"har":{"bodies":"some"}})", "invalid_field record.har.bodies"},
      {R"({"har":{"body_bytes_max":0}})", "invalid_field record.har.body_bytes_max"},
      {R"({"har":{"body_bytes_max":"9"}})", "invalid_field record.har.body_bytes_max"},
      {R"({"har":{"redact":"password"}})", "invalid_field record.har.redact"},
      {R"({"har":{"redact":["a",""]}})", "invalid_field record.har.redact[1]"},
      {R"({"video":1})", "invalid_field record.video"},
      {R"({"video":{"width":10}})", "invalid_field record.video.width"},
      {R"({"video":{"height":5000}})", "invalid_field record.video.height"},
      {R"({"video":{"fps_max":26}})", "invalid_field record.video.fps_max"},
      {R"({"video":{"fps":5}})", "unknown_field record.video.fps"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(refusal(text), expected) << text;
}

TEST(RecordOptions, ReadBackWhatTheyShow) {
  for (const char* text :
       {R"({"har":true})", R"({"har":{"redact":[]},"video":true})", R"({"har":{"redact":["a"]}})",
        R"({"video":{"width":320,"height":240,"fps_max":2}})"}) {
    const auto options = read(text);
    EXPECT_EQ(read_record_options(to_json(options)).value(), options) << text;
  }
}

TEST(RecordOptions, AskForBodiesWhereAHarIsToHaveThem) {
  EXPECT_FALSE(asks_for_bodies(*read(R"({"video":true})")));
  EXPECT_FALSE(asks_for_bodies(*read(R"({"har":true})")));
  EXPECT_TRUE(asks_for_bodies(*read(R"({"har":{"bodies":"text"}})")));
  EXPECT_TRUE(asks_for_bodies(*read(R"({"har":{"bodies":"all"}})")));
}

}  // namespace
}  // namespace pbaas::session
