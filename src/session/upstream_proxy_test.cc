#include "session/upstream_proxy.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace pbaas::session {
namespace {

Result<UpstreamProxy> read(const std::string& text) {
  return read_upstream_proxy(boost::json::parse(text));
}

std::string bad_field(const std::string& text) {
  const auto proxy = read(text);
  return proxy ? "taken" : proxy.error().field;
}

std::string server(const std::string& text) {
  const auto proxy = read(R"({"server":")" + text + "\"}");
  if (!proxy) return "refused";
  return (proxy->kind == ProxyKind::kHttp ? "http " : "socks5 ") + proxy->server.text();
}

TEST(UpstreamProxy, TakesHttpAndSocks5) {
  EXPECT_EQ(server("http://Proxy.example:3128"), "http proxy.example:3128");
  EXPECT_EQ(server("proxy.example:3128/"), "http proxy.example:3128");
  EXPECT_EQ(server("proxy.example"), "http proxy.example:80");
  EXPECT_EQ(server("SOCKS5://[::1]:9"), "socks5 [::1]:9");
  EXPECT_EQ(server("socks5://10.0.0.1"), "socks5 10.0.0.1:1080");
}

TEST(UpstreamProxy, RefusesServersItCannotReach) {
  for (const auto* text : {"", "https://a", "socks4://a", "http://", "http://a/b", "http://a:0",
                           "http://u:p@a:1", "a b", "direct://"})
    EXPECT_EQ(server(text), "refused") << text;
}

TEST(UpstreamProxy, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(bad_field(R"("http://a")"), "proxy");
  EXPECT_EQ(bad_field(R"({})"), "proxy.server");
  EXPECT_EQ(bad_field(R"({"server":1})"), "proxy.server");
  EXPECT_EQ(bad_field(R"({"server":"a","user":"u"})"), "proxy.user");
  EXPECT_EQ(bad_field(R"({"server":"a","username":1})"), "proxy.username");
  EXPECT_EQ(bad_field(R"({"server":"a","username":"a:b"})"), "proxy.username");
  EXPECT_EQ(bad_field(R"({"server":"a","username":"u","password":"a\r\nb"})"), "proxy.password");
  EXPECT_EQ(bad_field(R"({"server":"a","password":"p"})"), "proxy.password");
  EXPECT_EQ(bad_field(R"({"server":"socks5://a","username":"u"})"), "proxy.password");
  EXPECT_EQ(bad_field(R"({"server":"a","bypass":"a b"})"), "proxy.bypass");
  EXPECT_EQ(bad_field(R"({"server":"a","bypass":["a"]})"), "proxy.bypass");
  EXPECT_EQ(bad_field(R"({"server":"a","username":null,"password":null,"bypass":null})"), "taken");
}

TEST(UpstreamProxy, NoErrorShowsAValue) {
  for (const auto* text : {R"("http://u:hunter2@a")", R"({"server":"http://u:hunter2@a"})",
                           R"({"server":"a","password":"hunter2"})",
                           R"({"server":"a","username":"u","password":["hunter2"]})",
                           R"({"server":"a","bypass":"hunter2 x"})"}) {
    const auto proxy = read(text);
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().detail.find("hunter2"), std::string::npos) << proxy.error().detail;
  }
}

TEST(UpstreamProxy, IsShownWithItsSecretsMasked) {
  const auto proxy =
      read(R"({"server":"a:1","username":"u","password":"hunter2","bypass":"b, *.c"})").value();
  EXPECT_EQ(boost::json::serialize(to_json(proxy, Secrets::kMasked)),
            R"({"server":"http://a:1","username":"***","password":"***","bypass":"b, *.c"})");
}

TEST(UpstreamProxy, GoesToTheWorkerWhole) {
  const auto proxy =
      read(R"({"server":"socks5://a:1","username":"u","password":"hunter2","bypass":"b"})").value();
  EXPECT_EQ(read_upstream_proxy(to_json(proxy, Secrets::kShown)).value(), proxy);
}

bool bypassed(std::string_view rules, std::string_view where) {
  return ProxyBypass::parse(rules).value().holds(parse_host_port(where, 0).value());
}

TEST(ProxyBypass, ANameIsThatNameAlone) {
  EXPECT_TRUE(bypassed("a.example", "A.example:443"));
  EXPECT_FALSE(bypassed("a.example", "b.a.example:443"));
  EXPECT_FALSE(bypassed("a.example", "ba.example:443"));
}

TEST(ProxyBypass, ADomainIsTheNamesBelowIt) {
  for (const auto* rule : {"*.a.example", ".a.example"}) {
    EXPECT_TRUE(bypassed(rule, "b.a.example:443"));
    EXPECT_TRUE(bypassed(rule, "c.b.a.example:443"));
    EXPECT_FALSE(bypassed(rule, "a.example:443"));
    EXPECT_FALSE(bypassed(rule, "ba.example:443"));
  }
}

TEST(ProxyBypass, ANetworkHoldsWhatIsWrittenAsAnAddress) {
  EXPECT_TRUE(bypassed("10.0.0.0/8", "10.1.2.3:80"));
  EXPECT_TRUE(bypassed("10.1.2.3", "167838211:80"));
  EXPECT_TRUE(bypassed("[::1]", "[::1]:80"));
  EXPECT_FALSE(bypassed("10.0.0.0/8", "11.1.2.3:80"));
  EXPECT_FALSE(bypassed("10.0.0.0/8", "a.example:80"));
}

TEST(ProxyBypass, APortHoldsThatPortAlone) {
  EXPECT_TRUE(bypassed("a.example:80", "a.example:80"));
  EXPECT_FALSE(bypassed("a.example:80", "a.example:443"));
  EXPECT_TRUE(bypassed("x, *.a.example:80", "b.a.example:80"));
}

TEST(ProxyBypass, RefusesRulesItCannotRead) {
  for (const auto* rules : {"*", "a/b", "a b", "*.10.0.0.1", "10.0.0.1/8", "a:0", "<local>"})
    EXPECT_FALSE(ProxyBypass::parse(rules)) << rules;
  EXPECT_TRUE(ProxyBypass::parse(" , a ,, "));
}

}  // namespace
}  // namespace pbaas::session
