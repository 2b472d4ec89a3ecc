#include "egress/connection.h"

#include <gtest/gtest.h>

#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

std::string status_of(const std::string& answer) {
  return answer.substr(0, 12);
}

TEST(Destination, EverySpellingOfLoopbackIsRefusedAndNobodyHit) {
  Rig rig{EgressPolicy()};
  Server canary(serve_ok);
  Server canary_everywhere(serve_ok, "0.0.0.0");
  int refused = 0;
  for (const auto* host : {"127.0.0.1",
                           "127.1",
                           "2130706433",
                           "0x7f000001",
                           "0x7f.1",
                           "017700000001",
                           "0177.0.0.1",
                           "127.0.0.1.",
                           "localhost",
                           "LOCALHOST",
                           "localhost.",
                           "a.localhost",
                           "0",
                           "0.0.0.0",
                           "00",
                           "0x0",
                           "[::]",
                           "[::1]",
                           "[::ffff:127.0.0.1]",
                           "[::ffff:7f00:1]",
                           "[::127.0.0.1]",
                           "[64:ff9b::127.0.0.1]",
                           "[2002:7f00:1::]",
                           "127.255.255.254"}) {
    for (const auto* server : {&canary, &canary_everywhere}) {
      EXPECT_EQ(status_of(rig.answer(connect_request(server->at(host)))), "HTTP/1.1 403") << host;
      EXPECT_EQ(status_of(rig.answer(get(server->at(host) + "/"))), "HTTP/1.1 403") << host;
      refused += 2;
    }
  }
  EXPECT_EQ(canary.accepted() + canary_everywhere.accepted(), 0);
  EXPECT_EQ(rig.session->counts().refusals, static_cast<std::uint64_t>(refused));
  EXPECT_EQ(rig.resolver.asked(), 0);
}

TEST(Destination, ANameThatResolvesToAPrivateAddressIsRefusedByName) {
  Rig rig;
  rig.resolver.set("evil.example", {{"10.0.0.1"}});
  const auto answer = rig.answer(get("evil.example/secret?q=1"));
  EXPECT_EQ(status_of(answer), "HTTP/1.1 403");
  EXPECT_NE(answer.find("<code>evil.example:80</code> private"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("secret"), std::string::npos);
}

TEST(Destination, ARefusalIsLoggedWithItsHostAndNoMore) {
  Rig rig(allow_loopback(), Rig::quick(), {.session = "s-17"});
  rig.resolver.set("evil.example", {{"10.0.0.1"}});
  ::testing::internal::CaptureStderr();
  rig.answer(get("evil.example:81/secret?q=1", "Cookie: hidden\r\n"));
  const auto line = ::testing::internal::GetCapturedStderr();
  EXPECT_NE(line.find(R"("session":"s-17","host":"evil.example","port":81,"why":"private")"),
            std::string::npos)
      << line;
  EXPECT_EQ(line.find("secret"), std::string::npos);
  EXPECT_EQ(line.find("hidden"), std::string::npos);
}

// 127.0.0.2 stands for the internet, 127.0.0.1 for what is private.
TEST(Destination, ANameThatRebindsBetweenLookUpsReachesNothing) {
  Rig rig(EgressPolicy::parse({"127.0.0.2"}).value());
  Server canary(serve_ok);
  rig.resolver.set("rebind.example", {{"127.0.0.2"}, {"127.0.0.1"}});
  // Nobody listens at the first, so an implementation that looked up again would find the canary.
  EXPECT_EQ(status_of(rig.answer(get(canary.at("rebind.example") + "/"))), "HTTP/1.1 502");
  EXPECT_EQ(rig.resolver.asked(), 1);
  EXPECT_EQ(status_of(rig.answer(get(canary.at("rebind.example") + "/"))), "HTTP/1.1 403");
  EXPECT_EQ(canary.accepted(), 0);
}

TEST(Destination, OfMixedAnswersOnlyTheAllowedAreConnected) {
  Rig rig(EgressPolicy::parse({"127.0.0.2"}).value());
  Server canary(serve_ok);
  rig.resolver.set("mixed.example", {{"127.0.0.1", "127.0.0.2", "10.0.0.1"}});
  EXPECT_EQ(status_of(rig.answer(get(canary.at("mixed.example") + "/"))), "HTTP/1.1 502");
  EXPECT_EQ(canary.accepted(), 0);
  Server server(serve_ok, "127.0.0.2");
  EXPECT_EQ(status_of(rig.answer(get(server.at("mixed.example") + "/", "Connection: close\r\n"))),
            "HTTP/1.1 200");
}

TEST(Destination, TheNextAddressIsTriedWhereOneRefuses) {
  Rig rig;
  Server server(serve_ok, "127.0.0.3");
  rig.resolver.set("many.example", {{"127.0.0.1", "127.0.0.2", "127.0.0.3"}});
  Wire wire = rig.connect();
  wire.send(get(server.at("many.example") + "/"));
  EXPECT_EQ(read_body(wire), "ok GET /");
}

TEST(Destination, TheNextAddressIsTriedWhereOneIsSilent) {
  auto limits = Rig::quick();
  limits.attempt_max = Duration{50};
  // To a full backlog nobody answers.
  const UniqueFd silent = listen_on_loopback("127.0.0.2");
  ::listen(silent.get(), 0);
  std::vector<UniqueFd> fill;
  for (int i = 0; i < 4; ++i) {
    fill.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    sockaddr_storage to;
    const auto size = address("127.0.0.2").to_sockaddr(port_of(silent), to);
    ::connect(fill.back().get(), reinterpret_cast<sockaddr*>(&to), size);
  }
  Rig rig(allow_loopback(), limits);
  rig.resolver.set("half.example", {{"127.0.0.2", "127.0.0.1"}});
  const auto where = "half.example:" + std::to_string(port_of(silent));
  // The second refuses, which is what is told: the first was given up.
  EXPECT_EQ(status_of(rig.answer(get(where + "/"))), "HTTP/1.1 502");

  limits.connect_max = Duration{50};
  Rig alone(allow_loopback(), limits);
  alone.resolver.set("silent.example", {{"127.0.0.2"}});
  const auto silent_at = "silent.example:" + std::to_string(port_of(silent));
  EXPECT_EQ(status_of(alone.answer(get(silent_at + "/"))), "HTTP/1.1 504");
}

TEST(Destination, SaysWhatWentWrong) {
  Rig rig;
  rig.resolver.fail("gone.example", ResolveStatus::kNotFound);
  rig.resolver.fail("late.example", ResolveStatus::kTimeout);
  rig.resolver.fail("down.example", ResolveStatus::kFailed);
  rig.resolver.fail("busy.example", ResolveStatus::kBusy);
  const UniqueFd nobody = listen_on_loopback();
  const auto closed = std::to_string(port_of(nobody));
  ::shutdown(nobody.get(), SHUT_RDWR);
  const std::pair<std::string, const char*> cases[] = {
      {"gone.example:1", "dns_error"},
      {"late.example:1", "dns_timeout"},
      {"down.example:1", "dns_error"},
      {"busy.example:1", "dns_error"},
      {"a.example:" + closed, "connection_refused"}};
  for (const auto& [where, word] : cases) {
    const auto error = std::string("Proxy-Status: pbaas; error=") + word + ";";
    EXPECT_NE(rig.answer(connect_request(where)).find(error), std::string::npos) << where;
    EXPECT_NE(rig.answer(get(where + "/")).find(error), std::string::npos) << where;
  }
  EXPECT_EQ(rig.session->counts().refusals, 0u);
}

TEST(Destination, AResolverThatNeverAnswersIsNotWaitedFor) {
  auto limits = Rig::quick();
  limits.resolve_max = Duration{50};
  Rig rig(allow_loopback(), limits);
  EXPECT_EQ(status_of(rig.answer(connect_request("nobody.example:80"))), "HTTP/1.1 504");
}

TEST(Destination, OneSessionMayNotTakeAllLookUps) {
  auto limits = Rig::quick();
  limits.lookups_max = 2;
  Rig rig(allow_loopback(), limits);
  Server server(serve_ok);
  auto listener = listen_on_loopback();
  const int port = port_of(listener);
  const auto other = rig.pool.serve(std::move(listener), {});
  for (int asked = 1; asked <= 2; ++asked) {
    Wire wire = rig.connect();
    wire.send(connect_request("silent.example:443"));
    ASSERT_TRUE(soon([&] { return rig.resolver.asked() == asked; }));
  }
  // Those who asked are gone, and what they asked for is still looked up.
  ASSERT_TRUE(soon([&] { return rig.pool.open() == 0; }));
  EXPECT_NE(rig.answer(connect_request("a.example:443")).find("resolver_busy"), std::string::npos);
  Wire wire(connect_to_loopback(port));
  wire.send(get(server.at("a.example") + "/"));
  EXPECT_EQ(read_body(wire), "ok GET /");
  rig.resolver.answer_late("silent.example", "127.0.0.1");
  const auto again = [&] { return status_of(rig.answer(connect_request("a.example:1"))); };
  EXPECT_TRUE(soon([&] { return again() == "HTTP/1.1 502"; }));
}

TEST(Destination, AServerThatNeverAnswersIsNotWaitedFor) {
  auto limits = Rig::quick();
  limits.answer_max = Duration{50};
  Rig rig(allow_loopback(), limits);
  Server server([](Wire& wire) { wire.read_all(); });
  EXPECT_EQ(status_of(rig.answer(get(server.at("a.example") + "/"))), "HTTP/1.1 504");
}

TEST(Destination, AServerThatEndsWithoutAnAnswerSaysSo) {
  Rig rig;
  Server server([](Wire& wire) { wire.read_head(); });
  EXPECT_EQ(status_of(rig.answer(get(server.at("a.example") + "/"))), "HTTP/1.1 502");
}

TEST(Destination, RefusesRequestsThatAreNotForAProxy) {
  Rig rig;
  for (const auto* request : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16\x03\x01\x02 ",
                              "GET http://a.example/ HTTP/1.1\nHost: x\n\n",
                              "CONNECT a.example HTTP/1.1\r\nHost: x\r\n\r\n"})
    EXPECT_EQ(status_of(rig.answer(request)), "HTTP/1.1 400") << request;
}

TEST(Destination, AHeadTooLargeIsRefused) {
  Rig rig;
  const std::string cookie = "Cookie: " + std::string(200'000, 'x') + "\r\n";
  EXPECT_EQ(status_of(rig.answer(get("a.example/", cookie))), "HTTP/1.1 400");
}

TEST(Destination, AClientThatLeavesWhileWeLookIsForgotten) {
  Rig rig;
  Wire wire = rig.connect();
  wire.send(connect_request("nobody.example:80"));
  EXPECT_TRUE(soon([&] { return rig.resolver.asked() == 1; }));
  wire.close();
  EXPECT_TRUE(soon([&] { return rig.pool.open() == 0; }));
}

// A proxy of the session's own: shows what it was asked, then does as a plain one.
struct Upstream {
  std::mutex mutex;
  std::vector<std::string> heads;

  void serve(Wire& wire) {
    const auto head = wire.read_head();
    {
      const std::lock_guard lock(mutex);
      heads.push_back(head);
    }
    if (head.find("Proxy-Authorization: Basic dTpodW50ZXIy\r\n") == std::string::npos) {
      wire.send("HTTP/1.1 407 no\r\nProxy-Authenticate: Basic realm=\"x\"\r\n\r\n");
      return;
    }
    if (head.starts_with("CONNECT refused.")) return wire.send("HTTP/1.1 403 no\r\n\r\n");
    if (head.starts_with("CONNECT ")) {
      wire.send("HTTP/1.1 200 ok\r\n\r\nhello");
      wire.send(wire.read(2));
      return;
    }
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nthrough");
  }
};

EgressSpec through(const Server& server, session::ProxyKind kind, std::string password) {
  session::UpstreamProxy proxy{.kind = kind,
                               .server = place(server.at("upstream.example")),
                               .username = "u",
                               .password = std::move(password),
                               .bypass = session::ProxyBypass::parse("direct.example").value()};
  return {.session = "s", .proxy = std::move(proxy)};
}

class Chained : public ::testing::Test {
 protected:
  Chained() {
    rig.resolver.set("upstream.example", {{"127.0.0.1"}});
    rig.resolver.set("direct.example", {{"127.0.0.1"}});
    rig.session->assign(through(server, session::ProxyKind::kHttp, "hunter2"));
  }

  Upstream upstream;
  Server server{[this](Wire& wire) { upstream.serve(wire); }};
  Rig rig;
};

TEST_F(Chained, TunnelsThroughTheSessionsProxy) {
  Wire tunnel = rig.tunnel("far.example:443");
  EXPECT_EQ(tunnel.read(5), "hello");
  tunnel.send("hi");
  EXPECT_EQ(tunnel.read(2), "hi");
  ASSERT_EQ(upstream.heads.size(), 1u);
  EXPECT_TRUE(upstream.heads[0].starts_with("CONNECT far.example:443 HTTP/1.1\r\n"));
}

TEST_F(Chained, SendsPlainRequestsWithTheirWholeUrl) {
  Wire wire = rig.connect();
  wire.send(get("far.example/p", "Proxy-Authorization: Basic ZXZpbA==\r\n"));
  EXPECT_EQ(read_body(wire), "through");
  EXPECT_TRUE(upstream.heads[0].starts_with("GET http://far.example/p HTTP/1.1\r\n"));
  EXPECT_EQ(upstream.heads[0].find("ZXZpbA=="), std::string::npos);
}

TEST_F(Chained, WhatBypassesItGoesStraight) {
  Server origin(serve_ok);
  Wire wire = rig.connect();
  wire.send(get(origin.at("direct.example") + "/"));
  EXPECT_EQ(read_body(wire), "ok GET /");
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(Chained, WhatIsWrittenAsAnAddressIsStillChecked) {
  for (const auto* where : {"10.0.0.1:80", "169.254.169.254:80", "2852039166:80"})
    EXPECT_EQ(status_of(rig.answer(connect_request(where))), "HTTP/1.1 403") << where;
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(Chained, ARefusalOfTheProxyIsToldAndItsQuestionForAPasswordIsNot) {
  EXPECT_EQ(status_of(rig.answer(connect_request("refused.example:443"))), "HTTP/1.1 502");
  rig.session->assign(through(server, session::ProxyKind::kHttp, "wrong"));
  for (const auto& request : {connect_request("far.example:443"), get("far.example/")}) {
    const auto answer = rig.answer(request);
    EXPECT_EQ(status_of(answer), "HTTP/1.1 502");
    EXPECT_NE(answer.find("upstream_credentials"), std::string::npos);
    EXPECT_EQ(answer.find("Proxy-Authenticate"), std::string::npos);
  }
}

TEST_F(Chained, AProxyAtAPrivateAddressNeedsTheOperatorsLeave) {
  Rig closed{EgressPolicy()};
  closed.resolver.set("upstream.example", {{"127.0.0.1"}});
  closed.session->assign(through(server, session::ProxyKind::kHttp, "hunter2"));
  EXPECT_EQ(status_of(closed.answer(connect_request("far.example:443"))), "HTTP/1.1 403");
  EXPECT_EQ(server.accepted(), 0);
}

TEST_F(Chained, AHandOverClosesWhatIsOpen) {
  Server origin(serve_ok);
  Rig fresh;
  fresh.resolver.set("upstream.example", {{"127.0.0.1"}});
  Wire plain = fresh.connect();
  plain.send(get(origin.at("a.example") + "/"));
  EXPECT_EQ(read_body(plain), "ok GET /");
  Wire tunnel = fresh.tunnel(origin.at("a.example"));
  Wire waiting = fresh.connect();
  waiting.send(get("slow.example/"));
  ASSERT_TRUE(soon([&] { return fresh.resolver.asked() == 3; }));
  fresh.session->assign(through(server, session::ProxyKind::kHttp, "hunter2"));
  EXPECT_EQ(plain.read_all(), "");
  EXPECT_EQ(tunnel.read_all(), "");
  EXPECT_EQ(waiting.read_all(), "");
  fresh.resolver.answer_late("slow.example", "127.0.0.1");
  Wire wire = fresh.connect();
  wire.send(get(origin.at("a.example") + "/"));
  EXPECT_EQ(read_body(wire), "through");
}

TEST_F(Chained, ThePasswordIsInNoLogAndNoAnswer) {
  ::testing::internal::CaptureStderr();
  std::string shown = rig.answer(connect_request("10.0.0.1:80"));
  shown += rig.answer(connect_request("refused.example:1"));
  shown += ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(shown.find("hunter2"), std::string::npos);
  EXPECT_EQ(shown.find("dTpodW50ZXIy"), std::string::npos);
}

TEST(ChainedSocks, TunnelsAndSendsPlainRequestsToTheNameItIsGiven) {
  using namespace std::string_literals;
  Rig rig;
  Server server([](Wire& wire) {
    if (wire.read(3) != "\x05\x01\x02"s) return;
    wire.send("\x05\x02"s);
    if (wire.read(11) != "\x01\x01u\x07hunter2"s) return wire.send("\x01\x01"s);
    wire.send("\x01\x00"s);
    if (wire.read(14) !=
        "\x05\x01\x00\x03\x09"
        "far.aaaaa"s)
      return;
    wire.read(2);
    wire.send("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"s);
    serve_ok(wire);
  });
  rig.resolver.set("upstream.example", {{"127.0.0.1"}});
  rig.session->assign(through(server, session::ProxyKind::kSocks5, "hunter2"));
  Wire tunnel = rig.tunnel("far.aaaaa:443");
  tunnel.send("GET /in HTTP/1.1\r\n\r\n");
  EXPECT_EQ(read_body(tunnel), "ok GET /in");
  Wire plain = rig.connect();
  for (const auto* path : {"/one", "/two"}) {
    plain.send(get(std::string("far.aaaaa") + path));
    EXPECT_EQ(read_body(plain), std::string("ok GET ") + path);
  }
  EXPECT_EQ(server.accepted(), 2);
  rig.session->assign(through(server, session::ProxyKind::kSocks5, "wronger"));
  EXPECT_NE(rig.answer(get("far.aaaaa/")).find("upstream_credentials"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::egress
