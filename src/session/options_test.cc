#include "session/options.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

namespace pbaas::session {
namespace {

const OptionLimits kLimits{};

SessionOptions parsed(std::string_view body) {
  return parse_options(body, kLimits).value();
}

// "fault field" of what is refused, or "taken".
std::string refusal(std::string_view body, const OptionLimits& limits = kLimits) {
  const auto options = parse_options(body, limits);
  if (options) return "taken";
  return std::string(reason_word(options.error().fault)) + " " + options.error().field;
}

TEST(ParseOptions, TakesNothingAsTheDefaults) {
  for (const char* body : {"", " \n", "{}", R"({"timeout":null,"viewport":null,"record":null})"}) {
    const auto options = parsed(body);
    EXPECT_EQ(options.timeout, kLimits.session_timeout) << body;
    EXPECT_EQ(options.idle_timeout, kLimits.idle_timeout) << body;
    EXPECT_EQ(options.queue_timeout, kLimits.queue_timeout) << body;
    EXPECT_EQ(options.browser, BrowserKind::kHeadlessShell) << body;
    EXPECT_FALSE(options.viewport) << body;
  }
}

TEST(ParseOptions, TakesTheConfiguredBrowser) {
  OptionLimits limits;
  limits.default_browser = BrowserKind::kChromium;
  EXPECT_EQ(parse_options("", limits).value().browser, BrowserKind::kChromium);
}

TEST(ParseOptions, TakesEveryField) {
  const auto options = parsed(R"({"browser":"chromium","timeout":60,"idle_timeout":10,
      "queue_timeout":0,"on_disconnect":"end",
      "viewport":{"width":800,"height":600,"device_scale_factor":2},
      "user_agent":"Somebody/1.0","locale":"fr-FR","timezone":"Europe/Paris",
      "args":["--mute-audio","--window-position=1,2"],"metadata":{"k":"v"}})");
  SessionOptions expected;
  expected.browser = BrowserKind::kChromium;
  expected.timeout = std::chrono::seconds(60);
  expected.idle_timeout = std::chrono::seconds(10);
  expected.on_disconnect = OnDisconnect::kEnd;
  expected.viewport = Viewport{800, 600, 2};
  expected.user_agent = "Somebody/1.0";
  expected.locale = "fr-FR";
  expected.timezone = "Europe/Paris";
  expected.args = {"--mute-audio", "--window-position=1,2"};
  expected.metadata = {{"k", "v"}};
  EXPECT_EQ(options, expected);
}

TEST(ParseOptions, ReadsBackWhatItShows) {
  auto options = parsed(R"({"viewport":{"width":800,"height":600},"metadata":{"k":"v"}})");
  EXPECT_EQ(options_from_json(to_json(options)).value(), options);
  EXPECT_EQ(options_from_json(to_json(SessionOptions{})).value(), SessionOptions{});
}

TEST(ParseOptions, ReadsBackWhatIsNotAllowedAnyMore) {
  SessionOptions options;
  options.timeout = std::chrono::seconds(1'000'000);
  options.args = {"--once-allowed"};
  options.viewport = Viewport{800, 600, 0.25};
  EXPECT_EQ(options_from_json(to_json(options)).value(), options);
}

struct Refused {
  const char* body;
  const char* refusal;
};

class ParseOptionsRefuses : public testing::TestWithParam<Refused> {};

TEST_P(ParseOptionsRefuses, NamingTheField) {
  EXPECT_EQ(refusal(GetParam().body), GetParam().refusal) << GetParam().body;
}

const Refused kRefused[] = {
    {"x", "malformed_json "},
    {"[]", "malformed_json "},
    {"null", "malformed_json "},
    {"{} {}", "malformed_json "},
    {"{\"metadata\":{\"k\":\"\xff\"}}", "malformed_json "},
    {R"({"metadata":{"k":"\ud800"}})", "malformed_json "},
    {R"({"a":[[[[[[[[[[]]]]]]]]]]})", "malformed_json "},
    {R"({"timeout":1,"timeout":2})", "invalid_field timeout"},
    {R"({"timeout":1,"time\u006fut":2})", "invalid_field timeout"},
    {R"({"viewport":{"width":800,"width":801,"height":600}})", "invalid_field viewport.width"},
    {R"({"colour":1})", "unknown_field colour"},
    {R"({"Timeout":1})", "unknown_field Timeout"},
    {R"({"viewport":{"width":800,"height":600,"depth":1}})", "unknown_field viewport.depth"},
    {R"({"timeout":0})", "invalid_field timeout"},
    {R"({"timeout":-1})", "invalid_field timeout"},
    {R"({"timeout":3601})", "invalid_field timeout"},
    {R"({"timeout":1.5})", "invalid_field timeout"},
    {R"({"timeout":1e30})", "invalid_field timeout"},
    {R"({"timeout":"60"})", "invalid_field timeout"},
    {R"({"timeout":true})", "invalid_field timeout"},
    {R"({"timeout":18446744073709551615})", "invalid_field timeout"},
    {R"({"idle_timeout":301})", "invalid_field idle_timeout"},
    {R"({"queue_timeout":31})", "invalid_field queue_timeout"},
    {R"({"queue_timeout":-1})", "invalid_field queue_timeout"},
    {R"({"browser":"firefox"})", "invalid_field browser"},
    {R"({"on_disconnect":true})", "invalid_field on_disconnect"},
    {R"({"viewport":[800,600]})", "invalid_field viewport"},
    {R"({"viewport":{"width":800}})", "invalid_field viewport.height"},
    {R"({"viewport":{"width":99,"height":600}})", "invalid_field viewport.width"},
    {R"({"viewport":{"width":7681,"height":600}})", "invalid_field viewport.width"},
    {R"({"viewport":{"width":800,"height":600,"device_scale_factor":9}})",
     "invalid_field viewport.device_scale_factor"},
    {R"({"viewport":{"width":800,"height":600,"device_scale_factor":0.4}})",
     "invalid_field viewport.device_scale_factor"},
    {R"({"viewport":{"width":800,"height":600,"device_scale_factor":"1"}})",
     "invalid_field viewport.device_scale_factor"},
    {R"({"user_agent":""})", "invalid_field user_agent"},
    {R"({"user_agent":"a\r\nX: y"})", "invalid_field user_agent"},
    {R"({"locale":"fr_FR"})", "invalid_field locale"},
    {R"({"timezone":"../../etc/passwd"})", "invalid_field timezone"},
    {R"({"args":"--mute-audio"})", "invalid_field args"},
    {R"({"args":["--mute-audio",1]})", "invalid_field args[1]"},
    {R"({"args":["--no-sandbox"]})", "invalid_field args[0]"},
    {R"({"metadata":{"k":1}})", "invalid_field metadata.k"},
    {R"({"metadata":{"":"v"}})", "invalid_field metadata."},
    {R"({"metadata":{"k":"a\u0000b"}})", "invalid_field metadata.k"},
    {R"({"metadata":[]})", "invalid_field metadata"},
    {R"({"proxy":{"server":"x"}})", "not_implemented proxy"},
    {R"({"proxy":{"server":"ftp://x"}})", "invalid_field proxy.server"},
    {R"({"proxy":{"server":"x","port":1}})", "unknown_field proxy.port"},
    {R"({"record":{"har":true}})", "not_implemented record"},
};

INSTANTIATE_TEST_SUITE_P(Everything, ParseOptionsRefuses, testing::ValuesIn(kRefused));

TEST(ParseOptions, TakesTheLeastAndTheMostOfEachNumber) {
  EXPECT_EQ(refusal(R"({"timeout":1,"idle_timeout":1,"queue_timeout":0})"), "taken");
  EXPECT_EQ(refusal(R"({"timeout":3600,"idle_timeout":300,"queue_timeout":30})"), "taken");
  EXPECT_EQ(refusal(R"({"timeout":60.0})"), "taken");
  EXPECT_EQ(refusal(R"({"viewport":{"width":100,"height":7680,"device_scale_factor":0.5}})"),
            "taken");
}

TEST(ParseOptions, TakesAsMuchMetadataAsItSays) {
  const auto body = [](int pairs, std::size_t key, std::size_t value) {
    std::string text = R"({"metadata":{)";
    for (int n = 0; n < pairs; ++n) {
      const std::string number = std::to_string(n);
      if (n > 0) text += ",";
      text += "\"" + number + std::string(key - number.size(), 'k') + "\":\"" +
              std::string(value, 'v') + "\"";
    }
    return text + "}}";
  };
  EXPECT_EQ(refusal(body(32, 64, 512)), "taken");
  EXPECT_EQ(refusal(body(33, 4, 1)), "invalid_field metadata");
  EXPECT_EQ(refusal(body(1, 65, 1)).substr(0, 13), "invalid_field");
  EXPECT_EQ(refusal(body(1, 4, 513)), "invalid_field metadata.0kkk");
}

TEST(ParseOptions, AsksWhetherThereIsSuchATimeZone) {
  OptionLimits limits;
  limits.timezone_exists = [](std::string_view name) { return name == "Europe/Paris"; };
  EXPECT_EQ(refusal(R"({"timezone":"Europe/Paris"})", limits), "taken");
  EXPECT_EQ(refusal(R"({"timezone":"Europe/Atlantis"})", limits), "invalid_field timezone");
}

TEST(ParseOptions, RefusesABodyThatIsTooLarge) {
  EXPECT_EQ(refusal("{\"a\":\"" + std::string(300'000, 'x') + "\"}"), "body_too_large ");
}

TEST(ParseOptions, SaysWhatAFieldTakes) {
  const auto options = parse_options(R"({"timeout":0})", kLimits);
  ASSERT_FALSE(options);
  EXPECT_EQ(options.error().detail, "timeout is 0; it takes whole seconds from 1 to 3600");
}

OptionLimits chaining() {
  OptionLimits limits;
  limits.chains_proxies = true;
  return limits;
}

constexpr const char* kWithProxy =
    R"({"proxy":{"server":"http://proxy.example:3128","username":"u","password":"hunter2"}})";

TEST(ParseOptions, TakesAProxyWhereOneIsChained) {
  const auto options = parse_options(kWithProxy, chaining()).value();
  ASSERT_TRUE(options.proxy);
  EXPECT_EQ(options.proxy->server.text(), "proxy.example:3128");
  EXPECT_EQ(options.proxy->password, "hunter2");
}

TEST(OptionsJson, MasksTheProxysUserAndPassword) {
  const auto options = parse_options(kWithProxy, chaining()).value();
  const auto text = boost::json::serialize(to_json(options));
  EXPECT_EQ(text.find("hunter2"), std::string::npos);
  EXPECT_NE(text.find(R"("username":"***","password":"***")"), std::string::npos) << text;
  const auto again = options_from_json(to_json(options)).value();
  EXPECT_EQ(to_json(again), to_json(options));
}

TEST(OptionsJson, GivesTheWorkerTheProxyWhole) {
  const auto options = parse_options(kWithProxy, chaining()).value();
  EXPECT_EQ(options_from_json(to_json(options, Secrets::kShown)).value(), options);
}

}  // namespace
}  // namespace pbaas::session
