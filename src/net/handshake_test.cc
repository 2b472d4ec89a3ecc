#include "net/handshake.h"

#include <gtest/gtest.h>

namespace pbaas::net {
namespace {

Request handshake() {
  Request request;
  request.method = "GET";
  request.is_upgrade = true;
  request.headers.add("Upgrade", "WebSocket");
  request.headers.add("Connection", "keep-alive, Upgrade");
  request.headers.add("Sec-WebSocket-Version", "13");
  request.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  return request;
}

int status_of(const Request& request) {
  const auto refusal = refuse_handshake(request);
  return refusal ? refusal->status : 101;
}

TEST(Handshake, TakesThatOfTheRfc) {
  EXPECT_EQ(status_of(handshake()), 101);
}

TEST(Handshake, IsAGet) {
  auto request = handshake();
  request.method = "POST";
  EXPECT_EQ(status_of(request), 400);
}

TEST(Handshake, NeedsConnectionUpgrade) {
  auto request = handshake();
  request.headers.set("Connection", "keep-alive");
  EXPECT_EQ(status_of(request), 400);
}

TEST(Handshake, NamesTheVersionItTakes) {
  for (const auto* version : {"8", "12", "013", "13, 8", ""}) {
    auto request = handshake();
    request.headers.set("Sec-WebSocket-Version", version);
    EXPECT_EQ(status_of(request), 426) << version;
    EXPECT_EQ(refuse_handshake(request)->headers.get("Sec-WebSocket-Version"), "13");
  }
}

TEST(Handshake, NeedsOneKeyOfSixteenBytes) {
  for (const auto* key :
       {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j!Q==",
        "dGhlIHNhbXBsZSBub25jZR==", "dGhlIHNhbXBsZSBub25jZQxx", "dGhlIHNhbXBsZSBub25jZSBhbmQ="}) {
    auto request = handshake();
    request.headers.set("Sec-WebSocket-Key", key);
    EXPECT_EQ(status_of(request), 400) << key;
  }
  auto twice = handshake();
  twice.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(status_of(twice), 400);
  auto none = handshake();
  none.headers.remove("Sec-WebSocket-Key");
  EXPECT_EQ(status_of(none), 400);
}

TEST(Handshake, FindsATokenInAnyFieldOfTheNameAndNotInsideAnother) {
  Headers headers;
  headers.add("Connection", "close , TE");
  headers.add("connection", "\tUPGRADE");
  EXPECT_TRUE(has_token(headers, "Connection", "upgrade"));
  EXPECT_TRUE(has_token(headers, "Connection", "te"));
  EXPECT_FALSE(has_token(headers, "Connection", "clos"));
  headers.set("Upgrade", "websocket2");
  EXPECT_FALSE(asks_for_websocket(headers));
}

}  // namespace
}  // namespace pbaas::net
