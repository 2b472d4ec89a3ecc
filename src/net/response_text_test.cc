#include "net/response_text.h"

#include <gtest/gtest.h>

namespace pbaas::net {
namespace {

TEST(ResponseText, HasWhatEveryResponseHas) {
  Response response;
  response.body = "hello";
  EXPECT_EQ(head_text(response, Connection::kKeepAlive),
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            "Connection: keep-alive\r\n\r\n");
}

TEST(ResponseText, GivesNoLengthWhereThereIsNoBody) {
  Response response;
  response.status = 204;
  const auto text = head_text(response, Connection::kClose);
  EXPECT_EQ(text.find("\r\nContent-"), std::string::npos);
  EXPECT_NE(text.find("Connection: close\r\n"), std::string::npos);
}

TEST(ResponseText, LetsNobodyAddALineByAValue) {
  Response response;
  response.headers.add("Location", "/a\r\nSet-Cookie: b");
  const auto text = head_text(response, Connection::kKeepAlive);
  EXPECT_NE(text.find("Location: /a  Set-Cookie: b\r\n"), std::string::npos);
}

TEST(ResponseText, FramesTheMessageItself) {
  Response response;
  response.headers.add("content-length", "99");
  response.headers.add("Transfer-Encoding", "chunked");
  const auto text = head_text(response, Connection::kKeepAlive);
  EXPECT_EQ(text.find("99"), std::string::npos);
  EXPECT_EQ(text.find("chunked"), std::string::npos);
  EXPECT_NE(text.find("Content-Length: 0\r\n"), std::string::npos);
}

TEST(ResponseText, NamesAnUpgradeInConnection) {
  Response response;
  response.status = 426;
  response.headers.add("Upgrade", "websocket");
  const auto text = head_text(response, Connection::kClose);
  EXPECT_NE(text.find("Connection: close, upgrade\r\n"), std::string::npos);
}

TEST(ResponseText, SaysTheLengthOfABodyThatIsYetToCome) {
  Response response;
  response.source = std::make_shared<BodySource>();
  response.source->bytes = 5'000'000'000;
  EXPECT_NE(head_text(response, Connection::kKeepAlive).find("Content-Length: 5000000000\r\n"),
            std::string::npos);
}

}  // namespace
}  // namespace pbaas::net
