#include "recording/har_builder.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <vector>

namespace pbaas::recording {
namespace {

namespace json = boost::json;
using ::testing::ElementsAre;

// Events as Chromium 156 tells them, shortened; what it wrote, by number.
class HarBuilderTest : public ::testing::Test, public HarSink {
 protected:
  explicit HarBuilderTest(session::HarBodies bodies = session::HarBodies::kNone)
      : builder(with(bodies), *this, 1000, now) {
    builder.attached({"S", "B", "T", "page"});
  }
  static session::HarOptions with(session::HarBodies bodies) {
    session::HarOptions options;
    options.bodies = bodies;
    return options;
  }

  void page(const json::object& page) override { pages[text_of(page, "id")] = page; }
  void entry(std::uint64_t number, std::int64_t, const json::object& entry) override {
    entries[number] = entry;
  }
  void want_body(const std::string& session, const std::string& id) override {
    wanted.push_back(session + " " + id);
  }

  void tell(const std::string& method, const std::string& params,
            const std::string& session = "S") {
    builder.event(session, method, json::parse(params).as_object(), now);
  }
  void request(const std::string& id, const std::string& url, double at,
               const std::string& more = "") {
    tell("Network.requestWillBeSent",
         R"({"requestId":")" + id + R"(","loaderId":"L","frameId":"T","wallTime":)" +
             std::to_string(1000 + at) + R"(,"timestamp":)" + std::to_string(at) +
             R"(,"request":{"method":"GET","url":")" + url + R"(","headers":{"A":"b"}})" + more +
             "}");
  }
  void response(const std::string& id, const std::string& url, double at,
                const std::string& more = "") {
    tell("Network.responseReceived",
         R"({"requestId":")" + id + R"(","type":"Fetch","timestamp":)" + std::to_string(at) +
             R"(,"hasExtraInfo":false,"response":{"url":")" + url +
             R"(","status":200,"mimeType":"text/plain","protocol":"http/1.1",)" +
             R"("remoteIPAddress":"127.0.0.1","headers":{}})" + more + "}");
  }
  void finished(const std::string& id, double at) {
    tell("Network.loadingFinished", R"({"requestId":")" + id + R"(","timestamp":)" +
                                        std::to_string(at) + R"(,"encodedDataLength":100})");
  }
  std::string status_of(std::uint64_t number) {
    const auto& entry = entries.at(number);
    return std::to_string(static_cast<int>(number_of(object_of(entry, "response"), "status", -1))) +
           (entry.contains("_incomplete") ? " incomplete" : "");
  }

  std::map<std::uint64_t, json::object> entries;
  std::map<std::string, json::object> pages;
  std::vector<std::string> wanted;
  Instant now{};
  HarBuilder builder;
};

TEST_F(HarBuilderTest, WritesARequestWhenItStartsAndWhenItIsDone) {
  request("1", "http://h/", 1);
  EXPECT_EQ(status_of(1), "0 incomplete");
  response("1", "http://h/", 2);
  finished("1", 3);
  EXPECT_EQ(status_of(1), "200");
  EXPECT_EQ(number_of(entries[1], "time", 0), 2000);
  EXPECT_EQ(builder.open(), 0u);
}

TEST_F(HarBuilderTest, EndsAHopWithTheRedirectThatFollows) {
  request("1", "http://h/a", 1);
  request("1", "http://h/b", 2,
          R"(,"redirectHasExtraInfo":false,"redirectResponse":{"url":"http://h/a","status":302,
             "headers":{},"protocol":"http/1.1"})");
  response("1", "http://h/b", 3);
  finished("1", 4);
  EXPECT_EQ(status_of(1), "302");
  EXPECT_EQ(text_of(object_of(entries[1], "response"), "redirectURL"), "http://h/b");
  EXPECT_EQ(status_of(2), "200");
}

TEST_F(HarBuilderTest, OpensAPageForANavigationOfAMainFrame) {
  request("L", "http://h/", 1, R"(,"type":"Document")");
  request("9.1", "http://h/image", 2, R"(,"type":"Image")");
  tell("Page.loadEventFired", R"({"timestamp":3})");
  EXPECT_EQ(pages.size(), 1u);
  EXPECT_EQ(number_of(object_of(pages["page_1"], "pageTimings"), "onLoad", 0), 2000);
  EXPECT_EQ(text_of(entries[2], "pageref"), "page_1");
}

TEST_F(HarBuilderTest, TakesANavigationThatTwoSessionsTellOnce) {
  request("L", "http://h/", 1, R"(,"type":"Document")");
  request("L", "http://h/", 1, R"(,"type":"Document")");
  EXPECT_EQ(entries.size(), 1u);
}

TEST_F(HarBuilderTest, MakesAnEntryOfAResponseWhoseRequestItMissed) {
  tell("Network.requestWillBeSentExtraInfo", R"({"requestId":"1","headers":{"Host":"h"}})");
  response("1", "http://h/", 2);
  finished("1", 3);
  builder.tick(now + kExtraInfoWait);
  EXPECT_EQ(status_of(1), "200");
  EXPECT_TRUE(entries[1].contains("_startMissed"));
}

TEST_F(HarBuilderTest, WaitsForHeadersOnTheWireForAWhile) {
  request("1", "http://h/", 1);
  response("1", "http://h/", 2, R"(,"hasExtraInfo":true)");
  finished("1", 3);
  builder.tick(now);
  EXPECT_EQ(status_of(1), "0 incomplete");
  builder.tick(now + kExtraInfoWait);
  EXPECT_EQ(status_of(1), "200");
}

TEST_F(HarBuilderTest, LeavesOutWhatIsNoRequest) {
  request("1", "data:text/html,x", 1);
  request("2", "chrome-extension://x/", 1);
  response("3", "blob:http://h/1", 1);
  EXPECT_TRUE(entries.empty());
  EXPECT_EQ(builder.open(), 0u);
}

TEST_F(HarBuilderTest, TellsOfFailures) {
  request("1", "http://h/", 1);
  tell("Network.loadingFailed",
       R"({"requestId":"1","timestamp":2,"errorText":"net::ERR_FAILED","blockedReason":"csp"})");
  EXPECT_EQ(status_of(1), "0");
  EXPECT_EQ(text_of(entries[1], "_blockedReason"), "csp");
}

TEST_F(HarBuilderTest, KnowsADownload) {
  request("L", "http://h/", 1, R"(,"type":"Document")");
  tell("Network.responseReceived",
       R"({"requestId":"L","type":"Document","timestamp":2,"hasExtraInfo":false,"response":{
           "url":"http://h/","status":200,"remoteIPAddress":"127.0.0.1",
           "headers":{"Content-Disposition":"attachment"}}})");
  tell("Network.loadingFailed",
       R"({"requestId":"L","timestamp":3,"errorText":"net::ERR_ABORTED"})");
  EXPECT_TRUE(entries[1].contains("_download"));
  EXPECT_FALSE(entries[1].contains("_failureText"));
}

TEST_F(HarBuilderTest, CollectsTheMessagesOfAWebSocket) {
  tell("Network.webSocketCreated", R"({"requestId":"5","url":"ws://h/"})");
  tell("Network.webSocketWillSendHandshakeRequest",
       R"({"requestId":"5","timestamp":1,"wallTime":1001,"request":{"headers":{}}})");
  tell("Network.webSocketHandshakeResponseReceived",
       R"({"requestId":"5","timestamp":2,"response":{"status":101,"headers":{}}})");
  tell("Network.webSocketFrameSent",
       R"({"requestId":"5","timestamp":3,"response":{"opcode":1,"payloadData":"x"}})");
  tell("Network.webSocketClosed", R"({"requestId":"5","timestamp":4})");
  EXPECT_EQ(status_of(1), "101");
  EXPECT_EQ(entries[1].at("_webSocketMessages").as_array().size(), 1u);
}

TEST_F(HarBuilderTest, WritesWhatIsUnderWayAtTheEnd) {
  request("1", "http://h/", 1);
  builder.finish();
  EXPECT_EQ(status_of(1), "0 incomplete");
  EXPECT_EQ(builder.open(), 0u);
}

TEST_F(HarBuilderTest, KeepsNoMoreUnderWayThanItsLimit) {
  for (std::size_t i = 0; i <= kOpenRequestsMax; ++i) {
    now += Duration(1);
    request(std::to_string(i), "http://h/", 1);
  }
  EXPECT_EQ(builder.open(), kOpenRequestsMax);
}

TEST_F(HarBuilderTest, KeepsNoMoreBytesUnderWayThanItsLimit) {
  const std::string posted(256 * 1024, 'x');
  constexpr std::size_t kRequests = 300;
  for (std::size_t i = 1; i <= kRequests; ++i) {
    now += Duration(1);
    tell("Network.requestWillBeSent", R"({"requestId":")" + std::to_string(i) +
                                          R"(","timestamp":1,"request":{"method":"POST",)" +
                                          R"("url":"http://h/","headers":{},"postData":")" +
                                          posted + R"("}})");
    EXPECT_LE(builder.open_bytes(), kOpenBytesMax);
  }
  EXPECT_LE(builder.open() * posted.size(), kOpenBytesMax);
  EXPECT_EQ(entries.size(), kRequests);
  builder.finish();
  EXPECT_EQ(builder.open_bytes(), 0u);
}

TEST_F(HarBuilderTest, KeepsNoMoreBytesOfHeadersOnTheWireThanItsLimit) {
  constexpr int kRequests = 3'000;
  for (int i = 0; i < kRequests; ++i) request(std::to_string(i), "http://h/", 1);
  const std::string value(256 * 1024, 'x');
  for (int i = 0; i < kRequests; ++i) {
    builder.event("S", "Network.responseReceivedExtraInfo",
                  {{"requestId", std::to_string(i)}, {"headers", {{"A", value}}}}, now);
    ASSERT_LE(builder.open_bytes(), kOpenBytesMax);
  }
}

TEST_F(HarBuilderTest, KeepsNoMoreOfMessagesThanTheirLimitInAllConnections) {
  for (int socket = 0; socket < 40; ++socket) {
    const auto id = std::to_string(socket);
    tell("Network.webSocketCreated", R"({"requestId":")" + id + R"(","url":"ws://h/"})");
    for (std::size_t i = 0; i < kMessagesMax; ++i) {
      tell("Network.webSocketFrameSent",
           R"({"requestId":")" + id + R"(","timestamp":3,"response":{"opcode":1}})");
    }
  }
  EXPECT_EQ(builder.open(), 40u);
  EXPECT_LE(builder.open_bytes(), kOpenBytesMax);
  tell("Network.webSocketClosed", R"({"requestId":"0","timestamp":4})");
  EXPECT_EQ(entries.rbegin()->second.at("_webSocketMessages").as_array().size(), kMessagesMax);
  tell("Network.webSocketClosed", R"({"requestId":"39","timestamp":4})");
  EXPECT_EQ(number_of(entries.rbegin()->second, "_messagesDropped", 0), double(kMessagesMax));
}

TEST_F(HarBuilderTest, EndsWhatIsUnderWayOfAPageThatGoes) {
  builder.attached({"W", "S", "worker 1", "worker"});
  builder.attached({"S2", "B", "T2", "page"});
  request("poll", "http://h/", 1);
  tell("Network.requestWillBeSent",
       R"({"requestId":"of worker","timestamp":1,"request":{"url":"http://h/"}})", "W");
  tell("Network.requestWillBeSent",
       R"({"requestId":"of other","timestamp":1,"request":{"url":"http://h/"}})", "S2");
  request("later", "http://h/", 5);
  builder.detached("S");
  EXPECT_EQ(builder.open(), 1u);
  EXPECT_EQ(number_of(entries[1], "time", 0), 4000);
  EXPECT_TRUE(entries[1].contains("_incomplete"));
}

TEST_F(HarBuilderTest, GoesOnWithWhatIsUnderWayOfAFrameThatMoves) {
  builder.attached({"F", "S", "frame 1", "iframe"});
  tell("Network.requestWillBeSent",
       R"({"requestId":"1","timestamp":1,"request":{"url":"http://h/"}})", "F");
  builder.detached("F");
  builder.attached({"F2", "S", "frame 1", "iframe"});
  response("1", "http://h/", 2);
  finished("1", 3);
  EXPECT_EQ(status_of(1), "200");
}

TEST_F(HarBuilderTest, TakesTheTimeOfTheEventWhereItsRequestWasMissed) {
  now += Duration(60'100);  // it waited to be read
  response("1", "http://h/", 60);
  finished("1", 60.01);
  EXPECT_EQ(text_of(entries[1], "startedDateTime"), "1970-01-01T00:17:40.000000Z");
}

// Of a download the document before stays, and asks for more.
TEST_F(HarBuilderTest, CountsARequestToTheDocumentThatIsThere) {
  const auto navigated = [&](const std::string& loader) {
    tell("Page.frameNavigated", R"({"frame":{"id":"T","loaderId":")" + loader + R"("}})");
  };
  request("L", "http://h/", 1, R"(,"type":"Document")");
  navigated("L");
  tell("Network.requestWillBeSent",
       R"({"requestId":"D","loaderId":"D","frameId":"T","type":"Document","timestamp":2,
           "request":{"url":"http://h/file"}})");
  request("9.1", "http://h/poll", 3);
  tell("Page.loadEventFired", R"({"timestamp":4})");
  EXPECT_EQ(text_of(entries[2], "pageref"), "page_2");
  EXPECT_EQ(text_of(entries[3], "pageref"), "page_1");
  EXPECT_EQ(number_of(object_of(pages["page_1"], "pageTimings"), "onLoad", 0), 3000);
  EXPECT_EQ(number_of(object_of(pages["page_2"], "pageTimings"), "onLoad", 0), -1);
}

// Of a page that opens another Chromium asks for the document before it tells of the target.
class HarBuilderFinds : public HarBuilderTest {
 protected:
  HarBuilderFinds() { now += Duration(5'000); }
  void navigated(const std::string& loader, const std::string& type = "Navigation") {
    tell("Page.frameNavigated", R"({"type":")" + type + R"(","frame":{"id":"T","loaderId":")" +
                                    loader + R"(","url":"http://h/","mimeType":"text/html"}})");
  }
  void found(const std::string& resources) {
    const auto tree = R"({"frame":{"id":"T","loaderId":"L","url":"http://h/",
                          "mimeType":"text/html"},"resources":[)" +
                      resources + "]}";
    builder.found("S", json::parse(tree).as_object(), now);
  }
  std::vector<std::string> written() {
    builder.tick(now + kBodyWait);
    std::vector<std::string> urls;
    for (const auto& [number, entry] : entries) {
      const auto url = text_of(object_of(entry, "request"), "url");
      urls.push_back(url + (entry.contains("_startMissed") ? " missed" : ""));
    }
    return urls;
  }
  const std::string script =
      R"({"url":"http://h/script","type":"Script","mimeType":"text/javascript"})";
};

TEST_F(HarBuilderFinds, ADocumentThatNobodyToldOf) {
  navigated("L");
  tell("Page.loadEventFired", R"({"timestamp":7})");
  EXPECT_THAT(written(), ElementsAre("http://h/ missed"));
  EXPECT_EQ(text_of(entries[1], "pageref"), "page_1");
  EXPECT_EQ(text_of(entries[1], "startedDateTime"), "1970-01-01T00:16:45.000000Z");
  EXPECT_EQ(text_of(object_of(object_of(entries[1], "response"), "content"), "mimeType"),
            "text/html");
  EXPECT_EQ(number_of(object_of(pages["page_1"], "pageTimings"), "onLoad", 0), 2000);
}

TEST_F(HarBuilderFinds, NoDocumentTwice) {
  request("L", "http://h/", 1, R"(,"type":"Document")");
  navigated("L");
  found("");
  EXPECT_THAT(written(), ElementsAre("http://h/"));
}

TEST_F(HarBuilderFinds, ADocumentWhoseResponseIsToldLater) {
  found("");
  navigated("L");
  tell("Network.responseReceivedExtraInfo", R"({"requestId":"L","headers":{}})");
  response("L", "http://h/", 6);
  builder.tick(now + kBodyWait);
  finished("L", 8);
  EXPECT_THAT(written(), ElementsAre("http://h/ missed"));
  EXPECT_EQ(status_of(1), "200");
}

TEST_F(HarBuilderFinds, NoDocumentThatComesBack) {
  navigated("L", "BackForwardCacheRestore");
  EXPECT_TRUE(written().empty());
}

TEST_F(HarBuilderFinds, WhatADocumentHadLoaded) {
  found(script + "," + script);
  EXPECT_THAT(written(), ElementsAre("http://h/ missed", "http://h/script missed"));
  EXPECT_EQ(text_of(entries[2], "_resourceType"), "Script");
  EXPECT_EQ(text_of(entries[2], "pageref"), "page_1");
}

TEST_F(HarBuilderFinds, NothingOfADocumentThatIsToldBeforeOrAfter) {
  request("L", "http://h/", 1, R"(,"type":"Document")");
  found(script + R"(,{"url":"http://h/style","type":"Stylesheet","mimeType":"text/css"})");
  response("2", "http://h/script", 6);
  finished("2", 7);
  request("3", "http://h/style", 7);
  EXPECT_THAT(written(), ElementsAre("http://h/", "http://h/script missed", "http://h/style"));
}

TEST_F(HarBuilderTest, ForgetsHeadersOfRequestsItNeverHeardOf) {
  tell("Network.requestWillBeSentExtraInfo", R"({"requestId":"1","headers":{}})");
  builder.tick(now + kExtraInfoWait);
  EXPECT_EQ(builder.open(), 0u);
}

class HarBuilderWithBodies : public HarBuilderTest {
 protected:
  HarBuilderWithBodies() : HarBuilderTest(session::HarBodies::kText) {}
};

TEST_F(HarBuilderWithBodies, WaitsForTheBodyItAskedFor) {
  request("1", "http://h/", 1);
  response("1", "http://h/", 2);
  finished("1", 3);
  EXPECT_THAT(wanted, ElementsAre("S 1"));
  EXPECT_EQ(status_of(1), "0 incomplete");
  builder.body_arrived("1", Body{"text"}, now);
  EXPECT_EQ(text_of(object_of(object_of(entries[1], "response"), "content"), "text"), "text");
}

TEST_F(HarBuilderWithBodies, GoesOnWithoutTheBodyAfterAWhile) {
  request("1", "http://h/", 1);
  response("1", "http://h/", 2);
  finished("1", 3);
  builder.tick(now + kBodyWait);
  EXPECT_EQ(status_of(1), "200");
}

}  // namespace
}  // namespace pbaas::recording
