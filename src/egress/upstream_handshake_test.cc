#include "egress/upstream_handshake.h"

#include <gtest/gtest.h>

namespace pbaas::egress {
namespace {

using session::ProxyKind;
using session::UpstreamProxy;
using namespace std::string_literals;

UpstreamProxy proxy(ProxyKind kind, std::string user = "", std::string password = "") {
  return {.kind = kind, .username = std::move(user), .password = std::move(password)};
}

HostPort place(std::string_view text) {
  return parse_host_port(text, 0).value();
}

// Feeds byte by byte and gives what is said in between.
std::string answer(UpstreamHandshake& handshake, std::string_view bytes) {
  std::string said;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    handshake.take_input(bytes.substr(i, 1));
    said += handshake.take_output();
  }
  return said;
}

TEST(UpstreamHandshake, AsksAnHttpProxyForATunnel) {
  UpstreamHandshake handshake(proxy(ProxyKind::kHttp), place("a.example:443"));
  EXPECT_EQ(handshake.take_output(),
            "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n");
  EXPECT_EQ(handshake.take_output(), "");
}

TEST(UpstreamHandshake, ShowsAnHttpProxyUserAndPassword) {
  UpstreamHandshake handshake(proxy(ProxyKind::kHttp, "Aladdin", "open sesame"), place("a.b:1"));
  EXPECT_NE(handshake.take_output().find(
                "\r\nProxy-Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n"),
            std::string::npos);
  EXPECT_EQ(credentials_field(proxy(ProxyKind::kHttp, "a", "bc")),
            "Proxy-Authorization: Basic YTpiYw==\r\n");
  EXPECT_EQ(credentials_field(proxy(ProxyKind::kHttp, "a", "b")),
            "Proxy-Authorization: Basic YTpi\r\n");
  EXPECT_EQ(credentials_field(proxy(ProxyKind::kHttp)), "");
}

TEST(UpstreamHandshake, WaitsThroughSoManyInterimHeadsAndNoMore) {
  UpstreamHandshake handshake(proxy(ProxyKind::kHttp), place("a.b:1"));
  for (int i = 0; i < 8; ++i) answer(handshake, "HTTP/1.1 100 x\nA: b\n\n");
  EXPECT_FALSE(handshake.failure());
  answer(handshake, "HTTP/1.1 100 x\n\n");
  EXPECT_EQ(handshake.failure(), FailureKind::kUpstreamRefused);
}

TEST(UpstreamHandshake, LeavesWhatComesBehindTheHead) {
  UpstreamHandshake handshake(proxy(ProxyKind::kHttp), place("a.b:1"));
  const auto text = "HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n\r\nSSH-2.0"s;
  EXPECT_EQ(handshake.take_input(text), text.size() - 7);
  EXPECT_TRUE(handshake.done());
}

std::string outcome(ProxyKind kind, const std::string& user, const std::string& bytes) {
  UpstreamHandshake handshake(proxy(kind, user, user), place("a.b:1"));
  answer(handshake, bytes);
  if (handshake.failure()) return std::string(Failure{*handshake.failure()}.word());
  return handshake.done() ? "done" : "waits";
}

TEST(UpstreamHandshake, TellsWhyAnHttpProxyDidNot) {
  EXPECT_EQ(outcome(ProxyKind::kHttp, "", "HTTP/1.1 407 no\r\n\r\n"), "upstream_credentials");
  EXPECT_EQ(outcome(ProxyKind::kHttp, "", "HTTP/1.1 503 no\r\n\r\n"), "upstream_refused");
  EXPECT_EQ(outcome(ProxyKind::kHttp, "", "SSH-2.0\r\n\r\n"), "broken_answer");
  EXPECT_EQ(outcome(ProxyKind::kHttp, "", "HTTP/1.1 200 OK\r\n"), "waits");
  EXPECT_EQ(outcome(ProxyKind::kHttp, "", std::string(20'000, 'x')), "broken_answer");
}

TEST(UpstreamHandshake, GivesASocksProxyTheName) {
  UpstreamHandshake handshake(proxy(ProxyKind::kSocks5), place("a.example:443"));
  EXPECT_EQ(handshake.take_output(), "\x05\x01\x00"s);
  EXPECT_EQ(answer(handshake, "\x05\x00"s),
            "\x05\x01\x00\x03\x09"
            "a.example\x01\xBB"s);
  answer(handshake, "\x05\x00\x00\x01\x7F\x00\x00\x01\x00\x50"s);
  EXPECT_TRUE(handshake.done());
}

TEST(UpstreamHandshake, GivesASocksProxyUserAndPassword) {
  UpstreamHandshake handshake(proxy(ProxyKind::kSocks5, "u", "pw"), place("1.2.3.4:80"));
  EXPECT_EQ(handshake.take_output(), "\x05\x01\x02"s);
  EXPECT_EQ(answer(handshake, "\x05\x02"s), "\x01\x01u\x02pw"s);
  EXPECT_EQ(answer(handshake, "\x01\x00"s), "\x05\x01\x00\x01\x01\x02\x03\x04\x00\x50"s);
}

TEST(UpstreamHandshake, ReadsEverySortOfSocksReply) {
  const auto start = "\x05\x00"s;
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", start + "\x05\x00\x00\x04"s + std::string(18, 'x')),
            "done");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", start + "\x05\x00\x00\x03\x02xy\x00\x50"s), "done");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", start + "\x05\x00\x00\x03\x02xy\x00"s), "waits");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", start + "\x05\x00\x00\x03\x00\x00\x50"s), "done");
}

TEST(UpstreamHandshake, TellsWhyASocksProxyDidNot) {
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", "\x05\xFF"s), "upstream_credentials");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "u", "\x05\x00"s), "upstream_credentials");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "u", "\x05\x02\x01\x01"s), "upstream_credentials");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", "HTTP/1.1 400"s), "broken_answer");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", "\x05\x00\x05\x05\x00\x01\x01\x02\x03\x04\x00\x50"s),
            "upstream_refused");
  EXPECT_EQ(outcome(ProxyKind::kSocks5, "", "\x05\x00\x05\x00\x00\x09\x01"s), "broken_answer");
}

}  // namespace
}  // namespace pbaas::egress
