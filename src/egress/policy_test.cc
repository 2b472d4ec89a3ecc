#include "egress/policy.h"

#include <gtest/gtest.h>

namespace pbaas::egress {
namespace {

EgressPolicy allowing(std::vector<std::string> entries) {
  return EgressPolicy::parse(entries).value();
}

std::string verdict(const EgressPolicy& policy, std::string_view where, const char* address,
                    bool is_own = false) {
  const auto destination = parse_host_port(where, 0).value();
  const auto refused = policy.refusal(destination, IpAddress::parse(address).value(), is_own);
  return refused ? std::string(to_word(*refused)) : "allowed";
}

TEST(EgressPolicy, AllowsThePublicAloneByDefault) {
  const EgressPolicy policy;
  EXPECT_EQ(verdict(policy, "example.org:443", "93.184.216.34"), "allowed");
  EXPECT_EQ(verdict(policy, "example.org:443", "10.0.0.1"), "private");
  EXPECT_EQ(verdict(policy, "example.org:443", "127.0.0.1"), "loopback");
  EXPECT_EQ(verdict(policy, "[::1]:443", "::1"), "loopback");
}

TEST(EgressPolicy, ANetworkOpensWhatItHoldsAndNoMore) {
  const auto policy = allowing({"10.1.0.0/16", "fd00:1::/32"});
  EXPECT_EQ(verdict(policy, "a.b:80", "10.1.255.255"), "allowed");
  EXPECT_EQ(verdict(policy, "a.b:80", "10.2.0.0"), "private");
  EXPECT_EQ(verdict(policy, "a.b:80", "fd00:1::9"), "allowed");
  EXPECT_EQ(verdict(policy, "a.b:80", "fd00:2::9"), "private");
}

TEST(EgressPolicy, APortOpensThatPortAlone) {
  const auto policy = allowing({"10.1.0.0/16:443", "[fd00::1]:8080", "wiki.internal:80"});
  EXPECT_EQ(verdict(policy, "a.b:443", "10.1.0.1"), "allowed");
  EXPECT_EQ(verdict(policy, "a.b:80", "10.1.0.1"), "private");
  EXPECT_EQ(verdict(policy, "[fd00::1]:8080", "fd00::1"), "allowed");
  EXPECT_EQ(verdict(policy, "[fd00::1]:80", "fd00::1"), "private");
  EXPECT_EQ(verdict(policy, "wiki.internal:80", "10.9.9.9"), "allowed");
  EXPECT_EQ(verdict(policy, "wiki.internal:81", "10.9.9.9"), "private");
}

TEST(EgressPolicy, ANameOpensWhateverItResolvesToAndNothingBeside) {
  const auto policy = allowing({"Wiki.Internal."});
  EXPECT_EQ(verdict(policy, "wiki.internal:80", "192.168.1.1"), "allowed");
  EXPECT_EQ(verdict(policy, "WIKI.internal.:80", "192.168.1.1"), "allowed");
  EXPECT_EQ(verdict(policy, "x.wiki.internal:80", "192.168.1.1"), "private");
  EXPECT_EQ(verdict(policy, "192.168.1.1:80", "192.168.1.1"), "private");
}

TEST(EgressPolicy, SomeIsNeverOpened) {
  const auto policy = allowing({"0.0.0.0/0", "::/0", "evil.example"});
  EXPECT_EQ(verdict(policy, "evil.example:80", "0.0.0.0"), "unspecified");
  EXPECT_EQ(verdict(policy, "evil.example:80", "224.0.0.1"), "multicast");
  EXPECT_EQ(verdict(policy, "evil.example:80", "255.255.255.255"), "reserved");
  EXPECT_EQ(verdict(policy, "evil.example:80", "::"), "unspecified");
  EXPECT_EQ(verdict(policy, "evil.example:80", "2002:7f00:1::"), "transition");
  EXPECT_EQ(verdict(policy, "evil.example:80", "::127.0.0.1"), "transition");
}

TEST(EgressPolicy, MetadataIsOpenedByItsVeryAddressAlone) {
  const auto wide = allowing({"169.254.0.0/16", "0.0.0.0/0", "metadata.internal"});
  EXPECT_EQ(verdict(wide, "a.b:80", "169.254.1.1"), "allowed");
  EXPECT_EQ(verdict(wide, "a.b:80", "169.254.169.254"), "metadata");
  EXPECT_EQ(verdict(wide, "metadata.internal:80", "169.254.169.254"), "metadata");
  EXPECT_EQ(verdict(allowing({"169.254.169.254"}), "a.b:80", "169.254.169.254"), "allowed");
  EXPECT_EQ(verdict(allowing({"169.254.169.254/32:80"}), "a.b:81", "169.254.169.254"), "metadata");
}

TEST(EgressPolicy, TheMachinesOwnAddressesAreOpenedByTheVeryAddressAlone) {
  EXPECT_EQ(verdict(EgressPolicy(), "a.b:80", "8.8.8.8", true), "own-address");
  EXPECT_EQ(verdict(allowing({"10.0.0.0/8"}), "a.b:80", "10.0.0.5", true), "own-address");
  EXPECT_EQ(verdict(allowing({"10.0.0.5"}), "a.b:80", "10.0.0.5", true), "allowed");
  EXPECT_EQ(verdict(allowing({"127.0.0.0/8"}), "a.b:80", "127.0.0.1", true), "allowed");
  EXPECT_EQ(verdict(EgressPolicy(), "a.b:80", "127.0.0.1", true), "loopback");
}

TEST(EgressPolicy, AnEntryThatCannotBeReadIsNamed) {
  for (const auto* entry :
       {"10.0.0.1/8", "*", "*.internal", "a b", "10.0.0.0/8:0", "a:99999", "[::1", "[::1]x",
        "http://a", "2130706433", "127.1", "10.0.0.0/8:http", "[a]:80"}) {
    const auto policy = EgressPolicy::parse({"10.0.0.0/8", entry});
    ASSERT_FALSE(policy) << entry;
    EXPECT_EQ(policy.error().field, "EGRESS_ALLOW");
    EXPECT_NE(policy.error().detail.find(std::string("\"") + entry + "\""), std::string::npos);
  }
}

}  // namespace
}  // namespace pbaas::egress
