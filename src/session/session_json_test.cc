#include "session/session_json.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas::session {
namespace {

namespace json = boost::json;

Session running() {
  Session session{.id = SessionId::parse("0123456789abcdef0123456789abcdef").value()};
  session.options.timeout = std::chrono::seconds(60);
  session.options.idle_timeout = std::chrono::seconds(10);
  session.created_at = WallTime{Duration{1'700'000'000'123}};
  session.start("worker-1", "epoch-1");
  session.run({41'000, "guid-1"}, session.created_at + Duration{77});
  session.warm = true;
  session.traffic = {1, 2, 3, 4};
  session.use = {5, 6, Duration{1'250}, 7};
  session.connections = 1;
  return session;
}

TEST(SessionJson, ShowsEveryFieldOfARunningSession) {
  const auto expected = json::parse(R"({
    "id":"0123456789abcdef0123456789abcdef","status":"running","end_reason":null,"end_detail":null,
    "connect_url":"wss://host:8000/session/0123456789abcdef0123456789abcdef",
    "cdp_url":"https://host:8000/session/0123456789abcdef0123456789abcdef",
    "worker":"worker-1","debug_port":41000,"browser_guid":"guid-1","warm":true,
    "browser":"headless-shell",
    "created_at":"2023-11-14T22:13:20.123Z","started_at":"2023-11-14T22:13:20.200Z",
    "ended_at":null,"expires_at":"2023-11-14T22:14:20.200Z",
    "timeout":60,"idle_timeout":10,"queue_timeout":0,"on_disconnect":"keep","viewport":null,
    "user_agent":null,"locale":null,"timezone":null,"proxy":null,"args":[],"record":null,
    "metadata":{},"connections":1,
    "messages_up":1,"messages_down":2,"bytes_up":3,"bytes_down":4,
    "egress_bytes_up":5,"egress_bytes_down":6,"cpu_seconds":1.25,"peak_memory_bytes":7})");
  EXPECT_EQ(json::value(to_json(running(), "https://host:8000")), expected);
}

TEST(SessionJson, ShowsNullForWhatNothingCounts) {
  auto session = running();
  session.use = {};
  const auto shown = to_json(session, "https://host");
  for (const char* name :
       {"egress_bytes_up", "egress_bytes_down", "cpu_seconds", "peak_memory_bytes"}) {
    EXPECT_TRUE(shown.at(name).is_null()) << name;
  }
}

TEST(SessionJson, SpeaksPlainWebSocketWhereHttpIsPlain) {
  const auto shown = to_json(running(), "http://127.0.0.1:8000");
  EXPECT_EQ(shown.at("connect_url"),
            "ws://127.0.0.1:8000/session/0123456789abcdef0123456789abcdef");
}

TEST(SessionJson, ShowsNoUrlOfASessionThatEnded) {
  auto session = running();
  session.end(EndReason::kBrowserCrashed, session.created_at, "signal 9");
  const auto shown = to_json(session, "https://host");
  EXPECT_TRUE(shown.at("connect_url").is_null());
  EXPECT_TRUE(shown.at("cdp_url").is_null());
  EXPECT_EQ(shown.at("end_reason"), "browser_crashed");
  EXPECT_EQ(shown.at("end_detail"), "signal 9");
}

TEST(SessionJson, ShowsTheSameFieldsInEveryStatus) {
  const auto full = to_json(running(), "https://host");
  const auto empty = to_json(Session{.id = SessionId::random()}, "https://host");
  for (const auto& [name, unused] : full) EXPECT_TRUE(empty.contains(name)) << name;
  EXPECT_EQ(full.size(), empty.size());
}

}  // namespace
}  // namespace pbaas::session
