#include "recording/har_entry.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas::recording {
namespace {

namespace json = boost::json;

Exchange exchange() {
  Exchange made;
  made.id = "1.1";
  made.page = "page_1";
  made.type = "Fetch";
  made.started = 10;
  made.responded = 10.1;
  made.ended = 10.2;
  made.encoded_bytes = 300;
  made.decoded_bytes = 500;
  made.request = json::parse(R"({"method":"GET","url":"http://h/p?token=t"})").as_object();
  made.response = json::parse(R"({"status":200,"statusText":"OK","protocol":"http/1.1",
      "mimeType":"text/html","remoteIPAddress":"[2001:db8::1]","connectionId":7,"headers":{}})")
                      .as_object();
  made.sent = Headers{{"Host", "h"}};
  made.received = Headers{{"Content-Encoding", "gzip"}};
  made.received_head_bytes = 100;
  return made;
}

json::object entry(const Exchange& of) {
  return entry_json(of, 1000, Redactor(session::HarOptions{}));
}

std::int64_t number(const json::object& object, const char* name) {
  return object.at(name).to_number<std::int64_t>();
}

TEST(HarEntry, TellsSizesAsTheyWentOverTheWire) {
  const auto made = entry(exchange());
  const auto& response = made.at("response").as_object();
  EXPECT_EQ(number(response, "headersSize"), 100);
  EXPECT_EQ(number(response, "bodySize"), 200);
  EXPECT_EQ(number(response.at("content").as_object(), "size"), 500);
  EXPECT_EQ(number(response.at("content").as_object(), "compression"), 300);
  const std::string head = "GET /p?token=t HTTP/1.1\r\nHost: h\r\n\r\n";
  EXPECT_EQ(number(made.at("request").as_object(), "headersSize"), std::int64_t(head.size()));
}

TEST(HarEntry, HidesTheTokenInItsUrl) {
  EXPECT_EQ(entry(exchange()).at("request").as_object().at("url"), "http://h/p?token=[redacted]");
}

TEST(HarEntry, HasAnAddressThatTheSchemaTakes) {
  const auto made = entry(exchange());
  EXPECT_EQ(made.at("serverIPAddress"), "2001:db8::1");
  EXPECT_EQ(made.at("connection"), "7");
}

TEST(HarEntry, DoesNotTakeTheEgressProxyForTheServer) {
  for (const char* address : {"127.0.0.1", "[::1]"}) {
    auto proxied = exchange();
    (*proxied.response)["remoteIPAddress"] = address;
    EXPECT_FALSE(entry(proxied).contains("serverIPAddress")) << address;
  }
}

TEST(HarEntry, SaysThatACacheAnswered) {
  auto cached = exchange();
  (*cached.response)["fromDiskCache"] = true;
  const auto made = entry(cached);
  EXPECT_EQ(made.at("_fromCache"), "disk");
  EXPECT_EQ(number(made.at("response").as_object(), "bodySize"), 0);
}

TEST(HarEntry, HasTheStatusOfTheWire) {
  auto validated = exchange();
  validated.true_status = 304;
  (*validated.response)["fromDiskCache"] = true;
  const auto made = entry(validated);
  EXPECT_EQ(number(made.at("response").as_object(), "status"), 304);
  EXPECT_FALSE(made.contains("_fromCache"));
}

TEST(HarEntry, OfAFailureHasStatusZeroAndWhy) {
  auto failed = exchange();
  failed.response.reset();
  failed.failure = "net::ERR_FAILED";
  const auto made = entry(failed);
  EXPECT_EQ(number(made.at("response").as_object(), "status"), 0);
  EXPECT_EQ(made.at("_failureText"), "net::ERR_FAILED");
}

TEST(HarEntry, LeavesOutABodyThatItCannotReadToHide) {
  auto posted = exchange();
  posted.request["postData"] = R"({"password":"p)";
  posted.sent = Headers{{"Content-Type", "application/json"}};
  const auto made = entry(posted);
  const auto& data = made.at("request").as_object().at("postData").as_object();
  EXPECT_EQ(data.at("text"), "");
  EXPECT_TRUE(data.contains("comment"));
}

TEST(HttpVersion, IsAsInRequestLines) {
  EXPECT_EQ(http_version("http/1.1"), "HTTP/1.1");
  EXPECT_EQ(http_version("h2"), "HTTP/2");
  EXPECT_EQ(http_version("h3-29"), "HTTP/3");
}

}  // namespace
}  // namespace pbaas::recording
