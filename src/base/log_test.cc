#include "base/log.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas {
namespace {

namespace json = boost::json;

struct Log : ::testing::Test {
  ~Log() override { log::set_level(log::Level::kInfo); }
};

TEST_F(Log, IsOneLineOfJsonForEachEvent) {
  ::testing::internal::CaptureStderr();
  log::info("session_ended",
            {{"session", std::string("abc")}, {"reason", "drained"}, {"count", 3}});
  const auto line = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto event = json::parse(line);
  EXPECT_EQ(event.at("level"), "info");
  EXPECT_EQ(event.at("event"), "session_ended");
  EXPECT_EQ(event.at("session"), "abc");
  EXPECT_EQ(event.at("count"), 3);
}

TEST_F(Log, KeepsAStrangersLineBreaksInsideTheLine) {
  ::testing::internal::CaptureStderr();
  log::warn("odd", {{"text", "a\nb\"c"}});
  const auto line = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_EQ(json::parse(line).at("text"), "a\nb\"c");
}

TEST_F(Log, LeavesOutWhatIsBelowItsLevel) {
  ::testing::internal::CaptureStderr();
  log::debug("small");
  log::set_level(log::Level::kError);
  log::warn("middling");
  log::error("large");
  const auto lines = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(json::parse(lines).at("event"), "large");
}

}  // namespace
}  // namespace pbaas
