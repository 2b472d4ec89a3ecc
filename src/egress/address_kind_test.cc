#include "egress/address_kind.h"

#include <gtest/gtest.h>

#include <set>

namespace pbaas::egress {
namespace {

std::string word(const char* text) {
  return std::string(to_word(kind_of(IpAddress::parse(text).value())));
}

struct Edge {
  const char* address;
  const char* kind;
};

class KindOf : public testing::TestWithParam<Edge> {};

TEST_P(KindOf, Address) {
  EXPECT_EQ(word(GetParam().address), GetParam().kind) << GetParam().address;
}

// The first and the last of each range of IANA's registries, and the neighbours.
constexpr Edge kIpv4[] = {
    {"0.0.0.0", "unspecified"},
    {"0.255.255.255", "unspecified"},
    {"1.0.0.0", "public"},
    {"9.255.255.255", "public"},
    {"10.0.0.0", "private"},
    {"10.255.255.255", "private"},
    {"11.0.0.0", "public"},
    {"100.63.255.255", "public"},
    {"100.64.0.0", "carrier-nat"},
    {"100.127.255.255", "carrier-nat"},
    {"100.128.0.0", "public"},
    {"100.100.100.200", "metadata"},
    {"126.255.255.255", "public"},
    {"127.0.0.0", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.0", "public"},
    {"169.253.255.255", "public"},
    {"169.254.0.0", "link-local"},
    {"169.254.169.254", "metadata"},
    {"169.254.169.253", "link-local"},
    {"169.254.170.2", "metadata"},
    {"169.254.170.23", "metadata"},
    {"169.254.255.255", "link-local"},
    {"169.255.0.0", "public"},
    {"168.63.129.16", "metadata"},
    {"168.63.129.15", "public"},
    {"172.15.255.255", "public"},
    {"172.16.0.0", "private"},
    {"172.31.255.255", "private"},
    {"172.32.0.0", "public"},
    {"192.0.0.0", "reserved"},
    {"192.0.0.192", "metadata"},
    {"192.0.0.255", "reserved"},
    {"192.0.1.0", "public"},
    {"192.0.2.0", "documentation"},
    {"192.0.2.255", "documentation"},
    {"192.0.3.0", "public"},
    {"192.88.99.1", "transition"},
    {"192.167.255.255", "public"},
    {"192.168.0.0", "private"},
    {"192.168.255.255", "private"},
    {"192.169.0.0", "public"},
    {"198.17.255.255", "public"},
    {"198.18.0.0", "benchmarking"},
    {"198.19.255.255", "benchmarking"},
    {"198.20.0.0", "public"},
    {"198.51.100.0", "documentation"},
    {"198.51.100.255", "documentation"},
    {"203.0.113.0", "documentation"},
    {"203.0.113.255", "documentation"},
    {"203.0.114.0", "public"},
    {"223.255.255.255", "public"},
    {"224.0.0.0", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.0", "reserved"},
    {"255.255.255.255", "reserved"},
    {"8.8.8.8", "public"},
};

constexpr Edge kIpv6[] = {
    {"::", "unspecified"},
    {"::1", "loopback"},
    {"::2", "transition"},  // IPv4-compatible
    {"::127.0.0.1", "transition"},
    {"::8.8.8.8", "transition"},
    {"::ffff:127.0.0.1", "loopback"},  // mapped
    {"::ffff:169.254.169.254", "metadata"},
    {"::ffff:8.8.8.8", "public"},
    {"::ffff:0:127.0.0.1", "transition"},  // translated
    {"64:ff9b::127.0.0.1", "loopback"},    // NAT64
    {"64:ff9b::10.0.0.1", "private"},
    {"64:ff9b::169.254.169.254", "metadata"},
    {"64:ff9b::0.0.0.0", "unspecified"},
    {"64:ff9b::8.8.8.8", "public"},
    {"64:ff9b:1::8.8.8.8", "private"},
    {"64:ff9b::1:8.8.8.8", "reserved"},
    {"100::1", "reserved"},
    {"1fff:ffff::", "reserved"},
    {"2000::", "public"},
    {"2001::1", "transition"},  // Teredo
    {"2001:0:7f00:1::", "transition"},
    {"2001:1::1", "reserved"},
    {"2001:2::1", "benchmarking"},
    {"2001:20::1", "reserved"},  // ORCHID
    {"2001:1ff:ffff::", "reserved"},
    {"2001:200::1", "public"},
    {"2001:db8::1", "documentation"},
    {"2001:db9::1", "public"},
    {"2002:7f00:1::1", "transition"},  // 6to4 of 127.0.0.1
    {"2002:808:808::1", "transition"},
    {"2003::1", "public"},
    {"2606:4700::1111", "public"},
    {"3ffe::1", "public"},
    {"3fff::1", "documentation"},
    {"3fff:0fff::1", "documentation"},
    {"3fff:1000::1", "public"},
    {"4000::1", "reserved"},
    {"5f00::1", "reserved"},
    {"fbff::1", "reserved"},
    {"fc00::1", "private"},
    {"fd00:ec2::254", "metadata"},
    {"fd00:ec2::23", "metadata"},
    {"fd20:ce::254", "metadata"},
    {"fdff:ffff::1", "private"},
    {"fe00::1", "reserved"},
    {"fe80::1", "link-local"},
    {"febf::1", "link-local"},
    {"fec0::1", "private"},
    {"ff02::1", "multicast"},
    {"ffff::1", "multicast"},
};

INSTANTIATE_TEST_SUITE_P(Ipv4, KindOf, testing::ValuesIn(kIpv4));
INSTANTIATE_TEST_SUITE_P(Ipv6, KindOf, testing::ValuesIn(kIpv6));

TEST(AddressKind, EachHasAWordOfItsOwn) {
  std::set<std::string_view> words;
  for (int kind = 0; kind <= static_cast<int>(AddressKind::kOwn); ++kind)
    words.insert(to_word(static_cast<AddressKind>(kind)));
  EXPECT_EQ(words.size(), static_cast<std::size_t>(AddressKind::kOwn) + 1);
  EXPECT_FALSE(words.contains(""));
}

// Every /16 of IPv4, seen through every way to write it as IPv6 that a kernel or a gateway would
// undo: none is more public than the IPv4 address itself.
TEST(AddressKind, NoWrappingMakesAnAddressMorePublic) {
  for (std::uint32_t high = 0; high < 0x10000; ++high) {
    const auto four = IpAddress::v4(high << 16 | 0x0101);
    const bool is_public = kind_of(four) == AddressKind::kPublic;
    auto nat64 = four.bytes();
    nat64[1] = 0x64;
    nat64[2] = 0xFF;
    nat64[3] = 0x9B;
    nat64[10] = nat64[11] = 0;
    EXPECT_EQ(kind_of(IpAddress::v6(nat64)) == AddressKind::kPublic, is_public) << four.text();
    EXPECT_EQ(kind_of(IpAddress::v6(four.bytes())), kind_of(four)) << four.text();
    std::array<std::uint8_t, 16> six_to_four{0x20, 0x02};
    std::copy_n(four.bytes().begin() + 12, 4, six_to_four.begin() + 2);
    EXPECT_EQ(kind_of(IpAddress::v6(six_to_four)), AddressKind::kTransition) << four.text();
  }
}

}  // namespace
}  // namespace pbaas::egress
