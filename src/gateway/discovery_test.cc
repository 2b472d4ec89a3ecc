#include "gateway/discovery.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas::gateway {
namespace {

namespace json = boost::json;

TEST(Discovery, PutsTheSessionsUrlInPlaceOfTheDebugPorts) {
  auto document = json::parse(
      R"({"Browser":"Chrome/1","webSocketDebuggerUrl":"ws://127.0.0.1:9222/devtools/browser/G"})");
  rewrite_discovery(document, {"http://h:8000/session/abc", ""});
  EXPECT_EQ(document.at("webSocketDebuggerUrl"), "ws://h:8000/session/abc/devtools/browser/G");
  EXPECT_EQ(document.at("Browser"), "Chrome/1");
}

TEST(Discovery, RewritesEveryTargetAndItsFrontEnd) {
  auto document = json::parse(
      R"([{"id": "A",
           "devtoolsFrontendUrl": "https://x/?ws=127.0.0.1:9222/devtools/page/A",
           "webSocketDebuggerUrl": "ws://127.0.0.1:9222/devtools/page/A"},
          {"id": "B"}])");
  rewrite_discovery(document, {"https://h/session/abc", ""});
  EXPECT_EQ(document.at(0).at("webSocketDebuggerUrl"), "wss://h/session/abc/devtools/page/A");
  EXPECT_EQ(
      document.at(0).at("devtoolsFrontendUrl"),
      "devtools://devtools/bundled/inspector.html?wss=h%2Fsession%2Fabc%2Fdevtools%2Fpage%2FA");
  EXPECT_FALSE(document.at(1).as_object().contains("webSocketDebuggerUrl"));
}

TEST(Discovery, RepeatsTheCallersTokenEncoded) {
  auto document = json::parse(R"({"webSocketDebuggerUrl":"ws://127.0.0.1:1/"})");
  rewrite_discovery(document, {"http://h", "a&b=c"});
  EXPECT_EQ(document.at("webSocketDebuggerUrl"), "ws://h/?token=a%26b%3Dc");
}

TEST(Discovery, LeavesOtherDocumentsAlone) {
  auto document = json::parse(R"(["text", 1, {"version": {"major": "1"}}])");
  const auto before = document;
  rewrite_discovery(document, {"http://h", ""});
  EXPECT_EQ(document, before);
}

}  // namespace
}  // namespace pbaas::gateway
