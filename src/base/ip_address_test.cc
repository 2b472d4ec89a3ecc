#include "base/ip_address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

namespace pbaas {
namespace {

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}

TEST(IpAddress, ReadsAndWritesBothKinds) {
  for (const auto* text : {"127.0.0.1", "255.255.255.255", "0.0.0.0", "::", "::1", "2001:db8::1"})
    EXPECT_EQ(address(text).text(), text);
}

TEST(IpAddress, WrittenAsMappedIsTheIpv4Address) {
  EXPECT_EQ(address("::ffff:10.0.0.1"), address("10.0.0.1"));
  EXPECT_EQ(address("0:0:0:0:0:ffff:0a00:0001"), address("10.0.0.1"));
  EXPECT_TRUE(address("::ffff:10.0.0.1").is_v4());
  EXPECT_EQ(address("::ffff:10.0.0.1").text(), "10.0.0.1");
}

TEST(IpAddress, RefusesWhatIsNoUsualSpelling) {
  for (const auto* text : {"", "1", "127.1", "0x7f.0.0.1", "127.0.0.1.", " 127.0.0.1", "[::1]",
                           "fe80::1%eth0", "1.2.3.4.5", "256.0.0.1", ":::"})
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  EXPECT_FALSE(IpAddress::parse(std::string_view("127.0.0.1\0x", 11)));
}

TEST(IpAddress, GoesToTheKernelAndBack) {
  for (const auto* text : {"192.0.2.7", "2001:db8::7"}) {
    sockaddr_storage storage;
    const auto size = address(text).to_sockaddr(443, storage);
    EXPECT_EQ(size, address(text).is_v4() ? sizeof(sockaddr_in) : sizeof(sockaddr_in6));
    EXPECT_EQ(IpAddress::from(reinterpret_cast<const sockaddr*>(&storage)), address(text));
  }
}

TEST(IpAddress, OfAMappedSocketAddressIsIpv4) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  const auto bytes = address("10.0.0.1").bytes();
  std::copy(bytes.begin(), bytes.end(), six.sin6_addr.s6_addr);
  EXPECT_EQ(IpAddress::from(reinterpret_cast<const sockaddr*>(&six)), address("10.0.0.1"));
}

TEST(Network, HoldsItsFirstAndLastAndNotTheNext) {
  const auto network = Network::parse("172.16.0.0/12").value();
  EXPECT_TRUE(network.holds(address("172.16.0.0")));
  EXPECT_TRUE(network.holds(address("172.31.255.255")));
  EXPECT_FALSE(network.holds(address("172.32.0.0")));
  EXPECT_FALSE(network.holds(address("172.15.255.255")));
}

TEST(Network, OfIpv6HoldsNoIpv4) {
  EXPECT_FALSE(Network::parse("::/0")->holds(address("10.0.0.1")));
  EXPECT_FALSE(Network::parse("0.0.0.0/0")->holds(address("::1")));
  EXPECT_TRUE(Network::parse("::/0")->holds(address("fd00::1")));
  EXPECT_TRUE(Network::parse("0.0.0.0/0")->holds(address("::ffff:1.2.3.4")));
}

TEST(Network, AloneIsOneAddress) {
  EXPECT_TRUE(Network::parse("10.0.0.1")->is_one_address());
  EXPECT_TRUE(Network::parse("10.0.0.1/32")->is_one_address());
  EXPECT_TRUE(Network::parse("fd00::1/128")->is_one_address());
  EXPECT_FALSE(Network::parse("10.0.0.0/31")->is_one_address());
}

TEST(Network, RefusesWhatIsAmbiguous) {
  for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "fd00::/129",
                           "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/0x8", "::ffff:0:0/96", "10/8"})
    EXPECT_FALSE(Network::parse(text)) << text;
}

}  // namespace
}  // namespace pbaas
