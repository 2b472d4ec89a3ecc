#include "base/host_port.h"

#include <gtest/gtest.h>

#include <utility>

namespace pbaas {
namespace {

std::string host_of(std::string_view text) {
  const auto parsed = parse_host(text);
  if (!parsed) return "refused";
  return (parsed->address ? "address " : "name ") + parsed->host;
}

TEST(ParseHost, EverySpellingOfAnAddressIsThatAddress) {
  const std::pair<const char*, const char*> spellings[] = {
      {"127.0.0.1", "127.0.0.1"},
      {"2130706433", "127.0.0.1"},
      {"0x7f000001", "127.0.0.1"},
      {"0X7F.1", "127.0.0.1"},
      {"017700000001", "127.0.0.1"},
      {"127.1", "127.0.0.1"},
      {"127.0.1", "127.0.0.1"},
      {"0177.0.0.01", "127.0.0.1"},
      {"127.0.0.1.", "127.0.0.1"},
      {"0", "0.0.0.0"},
      {"0x", "0.0.0.0"},
      {"00", "0.0.0.0"},
      {"4294967295", "255.255.255.255"},
      {"10.65535", "10.0.255.255"},
      {"169.254.43518", "169.254.169.254"},
      {"[::1]", "::1"},
      {"[::ffff:127.0.0.1]", "127.0.0.1"},
      {"[::ffff:7f00:1]", "127.0.0.1"},
      {"[0:0:0:0:0:0:0:1]", "::1"},
      {"[FD00:EC2::254]", "fd00:ec2::254"},
  };
  for (const auto& [text, address] : spellings)
    EXPECT_EQ(host_of(text), std::string("address ") + address) << text;
}

TEST(ParseHost, WhatEndsInANumberIsAnAddressOrNothing) {
  for (const auto* text : {"256.0.0.1", "1.2.3.4.5", "4294967296", "1.2.3.08", "a.1", "1..2",
                           "0x1g.5", "example.0x1", "127.0.0.256", "1.16777216"})
    EXPECT_EQ(host_of(text), "refused") << text;
}

TEST(ParseHost, NamesAreLowerCaseWithoutTheirLastDot) {
  EXPECT_EQ(host_of("Example.ORG"), "name example.org");
  EXPECT_EQ(host_of("example.org."), "name example.org");
  EXPECT_EQ(host_of("xn--bcher-kva.example"), "name xn--bcher-kva.example");
  EXPECT_EQ(host_of("_dmarc.a-b.c1"), "name _dmarc.a-b.c1");
  EXPECT_EQ(host_of("redis"), "name redis");
}

TEST(ParseHost, RefusesWhatNoNameIsMadeOf) {
  for (const auto* text : {"", ".", "..", "a..b", "a b", "a%2eb", "a/b", "a@b", "[::1", "::1",
                           "[1.2.3.4]", "[fe80::1%25eth0]", "[]",
                           "b\xc3\xbc"
                           "cher.example",
                           "a\n"})
    EXPECT_EQ(host_of(text), "refused") << text;
  EXPECT_EQ(host_of(std::string(64, 'a')), "refused");
  EXPECT_EQ(host_of(std::string(63, 'a')), "name " + std::string(63, 'a'));
  EXPECT_EQ(host_of(std::string_view("a\0b", 3)), "refused");
}

std::string place_of(std::string_view text, int default_port) {
  const auto parsed = parse_host_port(text, default_port);
  return parsed ? parsed->text() : "refused";
}

TEST(ParseHostPort, ReadsThePortBehindTheHost) {
  EXPECT_EQ(place_of("example.org:443", 0), "example.org:443");
  EXPECT_EQ(place_of("[::1]:443", 0), "[::1]:443");
  EXPECT_EQ(place_of("127.1:80", 0), "127.0.0.1:80");
  EXPECT_EQ(place_of("example.org", 80), "example.org:80");
  EXPECT_EQ(place_of("[::1]", 80), "[::1]:80");
}

TEST(ParseHostPort, RefusesPortsThatAreNone) {
  for (const auto* text : {"a", "a:", "a:0", "a:65536", "a:-1", "a:+1", "a:1x", "a: 1", ":80",
                           "a:1:2", "[::1]x:80", "user@a:80"})
    EXPECT_EQ(place_of(text, 0), "refused") << text;
}

}  // namespace
}  // namespace pbaas
