#include "session/option_fields.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>

namespace pbaas::session {
namespace {

TEST(OptionFields, HaveAReaderForEveryFieldThatIsShown) {
  const auto shown = to_json(SessionOptions{});
  for (const auto& [name, unused] : shown) {
    const std::string_view wanted = name;
    bool found = false;
    for (const auto& field : option_fields()) found = found || field.name == wanted;
    EXPECT_TRUE(found) << wanted;
  }
}

TEST(OptionFields, RefuseEachATypeItDoesNotTake) {
  const OptionLimits limits;
  for (const auto& field : option_fields()) {
    SessionOptions options;
    FieldReading reading{limits, options};
    const auto read = field.read(boost::json::array{false}, reading);
    ASSERT_FALSE(read) << field.name;
    EXPECT_EQ(read.error().field.substr(0, field.name.size()), field.name);
  }
}

TEST(OptionFields, LeaveTheOptionsAsTheyWereWhereAValueIsRefused) {
  const OptionLimits limits;
  SessionOptions options;
  FieldReading reading{limits, options};
  const boost::json::object body{{"args", {"--mute-audio", "--no-sandbox"}}};
  EXPECT_FALSE(read_option_fields(body, reading));
  EXPECT_EQ(options, SessionOptions{});
}

}  // namespace
}  // namespace pbaas::session
