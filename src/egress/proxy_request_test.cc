#include "egress/proxy_request.h"

#include <gtest/gtest.h>

namespace pbaas::egress {
namespace {

ProxyRequest read(const std::string& head) {
  auto request = read_proxy_request(head);
  EXPECT_TRUE(request) << request.error().detail;
  return *request;
}

bool refused(const std::string& head) {
  return !read_proxy_request(head).has_value();
}

std::string with(const std::string& fields) {
  return "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n";
}

TEST(ProxyRequest, ReadsATunnel) {
  const auto request = read("CONNECT A.example:443 HTTP/1.1\r\nHost: other\r\n\r\n");
  EXPECT_EQ(request.kind, ProxyRequest::Kind::kConnect);
  EXPECT_EQ(request.destination.text(), "a.example:443");
}

TEST(ProxyRequest, PassesAPlainRequestOnWithItsPath) {
  const auto request = read(
      "GET http://a.example:8080/p?q=http://x HTTP/1.1\r\nHost: a.example:8080\r\nCookie: "
      "c\r\n\r\n");
  EXPECT_EQ(request.destination.text(), "a.example:8080");
  EXPECT_EQ(request.head_for_origin(),
            "GET /p?q=http://x HTTP/1.1\r\nHost: a.example:8080\r\nCookie: c\r\n\r\n");
  EXPECT_TRUE(request.keep_alive);
}

TEST(ProxyRequest, AUrlWithoutAPathHasOne) {
  EXPECT_TRUE(read("GET http://a.example HTTP/1.1\r\nHost: x\r\n\r\n")
                  .head_for_origin()
                  .starts_with("GET / HTTP/1.1\r\n"));
  EXPECT_TRUE(read("GET HTTP://a.example?q HTTP/1.1\r\nHost: x\r\n\r\n")
                  .head_for_origin()
                  .starts_with("GET /?q HTTP/1.1\r\n"));
}

TEST(ProxyRequest, TheHostIsTheUrlsWhateverTheFieldSays) {
  const auto head = read("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\nAccept: x\r\n\r\n")
                        .head_for_origin();
  EXPECT_EQ(head, "GET / HTTP/1.1\r\nHost: a.example\r\nAccept: x\r\n\r\n");
}

TEST(ProxyRequest, WhatIsBetweenTheBrowserAndUsStaysHere) {
  const auto head = read(with("Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic eA==\r\n"
                              "Connection: X-Hop\r\nX-Hop: 1\r\nTE: trailers\r\nKeep-Alive: 1\r\n"
                              "X-Stays: 1\r\n"))
                        .head_for_origin();
  EXPECT_EQ(head, "GET / HTTP/1.1\r\nHost: a.example\r\nX-Stays: 1\r\n\r\n");
}

TEST(ProxyRequest, WhatFramesTheBodyIsPassedOnEvenWhenListed) {
  const auto request = read(with("Connection: Content-Length\r\nContent-Length: 3\r\n"));
  EXPECT_NE(request.head_for_origin().find("Content-Length: 3"), std::string::npos);
  EXPECT_EQ(request.body, (Framing{.kind = Framing::Kind::kLength, .length = 3}));
}

TEST(ProxyRequest, ReadsChunks) {
  EXPECT_EQ(read(with("Transfer-Encoding: chunked\r\n")).body.kind, Framing::Kind::kChunked);
}

TEST(ProxyRequest, PassesAnUpgradeOn) {
  const auto request = read(with("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"));
  EXPECT_TRUE(request.wants_upgrade);
  const auto head = request.head_for_origin();
  EXPECT_NE(head.find("Upgrade: websocket\r\nConnection: Upgrade\r\n"), std::string::npos);
}

TEST(ProxyRequest, AnUpgradeThatConnectionDoesNotNameIsNone) {
  const auto request = read(with("Upgrade: websocket\r\n"));
  EXPECT_FALSE(request.wants_upgrade);
  EXPECT_EQ(request.head_for_origin().find("Upgrade"), std::string::npos);
}

TEST(ProxyRequest, ClosesWhereTheClientSaysSo) {
  EXPECT_FALSE(read(with("Connection: close\r\n")).keep_alive);
  EXPECT_FALSE(read(with("Proxy-Connection: close\r\n")).keep_alive);
  const auto old = read("GET http://a.example/ HTTP/1.0\r\n\r\n");
  EXPECT_FALSE(old.keep_alive);
  EXPECT_EQ(old.head_for_origin(),
            "GET / HTTP/1.0\r\nHost: a.example\r\nConnection: close\r\n\r\n");
}

TEST(ProxyRequest, ForAnotherProxyKeepsTheUrlAndAddsCredentials) {
  EXPECT_EQ(read(with("Accept: x\r\n")).head_for_proxy("Proxy-Authorization: Basic eA==\r\n"),
            "GET http://a.example/ HTTP/1.1\r\nProxy-Authorization: Basic eA==\r\n"
            "Host: a.example\r\nAccept: x\r\n\r\n");
}

TEST(ProxyRequest, RefusesWhatIsNotForAProxy) {
  for (const auto* line :
       {"GET / HTTP/1.1", "GET https://a.example/ HTTP/1.1", "GET ftp://a.example/ HTTP/1.1",
        "OPTIONS * HTTP/1.1", "CONNECT a.example HTTP/1.1", "CONNECT a.example:0 HTTP/1.1",
        "CONNECT http://a.example:80 HTTP/1.1", "GET http:///x HTTP/1.1",
        "GET http://user:pass@a.example/ HTTP/1.1", "GET http://a%2eb/ HTTP/1.1",
        "CONNECT [fe80::1%25eth0]:80 HTTP/1.1", "CONNECT 1.2.3.4.5:80 HTTP/1.1",
        "GET http://a.example:80:80/ HTTP/1.1", "GET http://a\\b/ HTTP/1.1"})
    EXPECT_TRUE(refused(std::string(line) + "\r\nHost: x\r\n\r\n")) << line;
}

TEST(ProxyRequest, RefusesAConnectionThatNamesTooMuch) {
  const auto names = [](std::size_t size) {
    return "GET http://a.example/ HTTP/1.1\r\nHost: x\r\nConnection: " + std::string(size, 'a') +
           "\r\n\r\n";
  };
  EXPECT_TRUE(read_proxy_request(names(1'000)));
  EXPECT_FALSE(read_proxy_request(names(1'024)));
}

TEST(ProxyRequest, RefusesTwoFramings) {
  EXPECT_TRUE(refused(with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n")));
  EXPECT_TRUE(refused(with("Content-Length: 1\r\nContent-Length: 1\r\n")));
}

}  // namespace
}  // namespace pbaas::egress
