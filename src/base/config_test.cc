#include "base/config.h"

#include <gtest/gtest.h>

#include <set>

namespace pbaas {
namespace {

using Values = std::map<std::string, std::string>;

Environment environment_of(const Values& values) {
  return [values](const std::string& name) -> std::optional<std::string> {
    const auto found = values.find(name);
    if (found == values.end()) return std::nullopt;
    return found->second;
  };
}

Result<Config> load(const Values& environment, const Values& flags = {}) {
  return load_config(environment_of(environment), flags);
}

TEST(Config, HasItsDefaultsWhereNothingIsSet) {
  const auto config = load({}).value();
  EXPECT_EQ(config.session_timeout, std::chrono::seconds(3600));
  EXPECT_EQ(config.idle_timeout, std::chrono::seconds(300));
  EXPECT_EQ(config.max_contexts, 20);
  EXPECT_EQ(config.warm_browsers, 2);
  EXPECT_EQ(config.port, 8000);
  EXPECT_EQ(config.queue_limit, 100);
}

TEST(Config, HasTheSameDefaultsInTheTableAndInTheStruct) {
  Values all;
  for (const auto& each : settings()) all[each.variable] = each.default_text;
  const auto written = load(all).value();
  const Config built;
  EXPECT_EQ(written.session_timeout, built.session_timeout);
  EXPECT_EQ(written.idle_timeout, built.idle_timeout);
  EXPECT_EQ(written.max_contexts, built.max_contexts);
  EXPECT_EQ(written.warm_browsers, built.warm_browsers);
  EXPECT_EQ(written.host, built.host);
  EXPECT_EQ(written.port, built.port);
  EXPECT_EQ(written.queue_limit, built.queue_limit);
  EXPECT_EQ(written.queue_timeout, built.queue_timeout);
  EXPECT_EQ(written.drain_timeout, built.drain_timeout);
  EXPECT_EQ(written.isolation, built.isolation);
  EXPECT_EQ(written.browser_user, built.browser_user);
  EXPECT_EQ(written.default_browser, built.default_browser);
  EXPECT_EQ(written.data_dir, built.data_dir);
  EXPECT_EQ(written.relay_threads, built.relay_threads);
  EXPECT_EQ(written.trust_forwarded, built.trust_forwarded);
}

TEST(Config, TakesFlagsBeforeTheEnvironment) {
  EXPECT_EQ(load({{"PORT", "1"}}, {{"PORT", "2"}}).value().port, 2);
  EXPECT_EQ(load({{"PORT", "1"}}).value().port, 1);
}

TEST(Config, NamesTheVariableTheValueAndWhatItTakes) {
  const auto config = load({{"MAX_CONTEXTS", "many"}});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().fault, Fault::kInvalidField);
  EXPECT_EQ(config.error().detail, "MAX_CONTEXTS is \"many\"; it takes 1 to 1000");
}

TEST(Config, RefusesNumbersThatAreNone) {
  for (const char* value :
       {"", " 1", "1 ", "1.5", "+1", "0x1", "99999999999999999999", "-1", "0", "1001", "1s"})
    EXPECT_FALSE(load({{"MAX_CONTEXTS", value}})) << value;
}

TEST(Config, RefusesWordsItDoesNotKnow) {
  EXPECT_FALSE(load({{"ISOLATION", "Sandbox"}}));
  EXPECT_FALSE(load({{"DEFAULT_BROWSER", "firefox"}}));
  EXPECT_FALSE(load({{"LOG_LEVEL", "loud"}}));
  EXPECT_FALSE(load({{"TRUST_FORWARDED", "yes"}}));
}

TEST(Config, TakesAListWithBlanks) {
  const auto config = load({{"API_KEYS", " a , b,,c "}}).value();
  EXPECT_EQ(config.api_keys, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_TRUE(load({{"API_KEYS", " , "}}).value().api_keys.empty());
}

TEST(Config, TakesAPublicUrlWithoutItsLastSlash) {
  EXPECT_EQ(load({{"PUBLIC_URL", "https://host:8000/"}}).value().public_url, "https://host:8000");
  EXPECT_TRUE(load({{"PUBLIC_URL", ""}}));
  for (const char* url : {"host", "ftp://host", "http://", "https:///"})
    EXPECT_FALSE(load({{"PUBLIC_URL", url}})) << url;
}

TEST(Config, TakesADatabaseAndShowsNothingOfAWrongOne) {
  EXPECT_EQ(load({{"DATABASE_URL", "postgresql://u:p@h/d"}}).value().database_url,
            "postgresql://u:p@h/d");
  const auto wrong = load({{"DATABASE_URL", "mysql://u:hidden@h/d"}});
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().detail.find("hidden"), std::string::npos) << wrong.error().detail;
}

TEST(Config, BoundsTheSpool) {
  EXPECT_EQ(load({{"SPOOL_MAX", "1048576"}}).value().spool_max, 1'048'576U);
  for (const char* bytes : {"0", "1048575", "1GB", "-1", "99999999999999999999"})
    EXPECT_FALSE(load({{"SPOOL_MAX", bytes}})) << bytes;
}

TEST(Setting, HasAVariableAndAFlagOfItsOwn) {
  std::set<std::string> names;
  for (const auto& each : settings()) {
    EXPECT_TRUE(names.insert(each.variable).second) << each.variable;
    if (each.secret) continue;
    EXPECT_TRUE(names.insert(each.flag).second) << each.flag;
    EXPECT_EQ(each.flag.substr(0, 2), "--");
  }
}

TEST(Setting, ThatIsSecretHasNoFlagAndIsNotShown) {
  for (const auto& each : settings()) {
    if (each.variable == "API_KEYS") EXPECT_TRUE(each.secret);
    if (each.secret) EXPECT_TRUE(each.flag.empty()) << each.variable;
  }
}

}  // namespace
}  // namespace pbaas
