#include "gateway/host.h"

#include <gtest/gtest.h>

namespace pbaas::gateway {
namespace {

net::Request request_with(std::vector<std::pair<std::string, std::string>> headers) {
  net::Request request;
  for (auto& [name, value] : headers) request.headers.add(name, value);
  return request;
}

TEST(Host, KnowsAddressesAndLocalhostFromNames) {
  for (const auto* host :
       {"127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000", "localhost", "localhost:80"}) {
    EXPECT_TRUE(is_address_or_localhost(host)) << host;
  }
  for (const auto* host :
       {"", "a.example", "a.example:8000", "localhost.example", "127.0.0.1.example", "[::1"}) {
    EXPECT_FALSE(is_address_or_localhost(host)) << host;
  }
}

TEST(Host, TakesTheOriginOutOfAUrl) {
  EXPECT_EQ(origin_of("https://a.example:8443/path/x"), "https://a.example:8443");
  EXPECT_EQ(origin_of("http://a.example"), "http://a.example");
  EXPECT_EQ(origin_of("a.example"), "");
}

TEST(PublicBase, IsThePublicUrlWhereThereIsOne) {
  const auto request = request_with({{"Host", "inner:8000"}});
  EXPECT_EQ(public_base(request, {"https://b.example/grid", true}), "https://b.example/grid");
}

TEST(PublicBase, IsTheHostOfTheRequestElse) {
  EXPECT_EQ(public_base(request_with({{"Host", "h:8000"}}), {}), "http://h:8000");
}

TEST(PublicBase, BelievesForwardedHeadersOnlyWhenTold) {
  const auto request = request_with({{"Host", "inner:8000"},
                                     {"X-Forwarded-Proto", "https"},
                                     {"X-Forwarded-Host", "b.example, proxy.example"}});
  EXPECT_EQ(public_base(request, {"", true}), "https://b.example");
  EXPECT_EQ(public_base(request, {"", false}), "http://inner:8000");
}

TEST(WebSocketBase, IsAsSecureAsTheHttpOne) {
  EXPECT_EQ(websocket_base("http://h:1"), "ws://h:1");
  EXPECT_EQ(websocket_base("https://h"), "wss://h");
}

}  // namespace
}  // namespace pbaas::gateway
