#include "net/connect.h"

#include <gtest/gtest.h>

#include "net/http_rig.h"
#include "support/run_task.h"

namespace pbaas::net {
namespace {

TEST(Connect, ReachesWhoListens) {
  RawListener listener;
  Loop loop;
  auto stream = support::run_task(loop, connect_to("127.0.0.1", listener.port()));
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->peer(), "127.0.0.1");
}

TEST(Connect, NamesWhereNobodyListens) {
  RawListener listener;
  const int port = listener.port();
  listener.close();
  Loop loop;
  const auto stream = support::run_task(loop, connect_to("127.0.0.1", port));
  ASSERT_FALSE(stream);
  EXPECT_NE(stream.error().detail.find(authority_of("127.0.0.1", port)), std::string::npos);
}

TEST(Connect, UsesASocketThatWasMadeElsewhere) {
  RawListener listener;
  UniqueFd made(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  Loop loop;
  auto stream =
      support::run_task(loop, connect_with(std::move(made), "127.0.0.1", listener.port()));
  ASSERT_TRUE(stream);
  EXPECT_EQ(stream->peer(), "127.0.0.1");
}

TEST(Connect, AsksTheDialerWhereThereIsOne) {
  RawListener listener;
  const int port = listener.port();
  Loop loop;
  const Endpoint endpoint{"127.0.0.1", 1, [port] { return connect_to("127.0.0.1", port); }};
  EXPECT_TRUE(support::run_task(loop, connect_to(endpoint)));
}

TEST(Connect, TakesAddressesAlone) {
  Loop loop;
  EXPECT_FALSE(support::run_task(loop, connect_to("localhost", 80)));
  EXPECT_FALSE(support::run_task(loop, connect_to("127.0.0.1", 0)));
  EXPECT_FALSE(support::run_task(loop, connect_to("127.0.0.1", 65536)));
}

TEST(Connect, WritesAnIpv6AddressInBrackets) {
  EXPECT_EQ(authority_of("::1", 80), "[::1]:80");
  EXPECT_EQ(authority_of("127.0.0.1", 80), "127.0.0.1:80");
}

TEST(Connect, KnowsATargetThatStaysOnItsLine) {
  EXPECT_TRUE(is_plain_target("/json/new?about:blank"));
  for (const auto* target : {"", "json", "/a b", "/a\r\n", "/\x7f", "/\xc3\xa9"}) {
    EXPECT_FALSE(is_plain_target(target)) << target;
  }
}

}  // namespace
}  // namespace pbaas::net
