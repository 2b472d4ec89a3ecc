// An IP address and a network of them, as values. An IPv4 address that is written as IPv6
// (::ffff:10.0.0.1) is the IPv4 address: the kernel connects to the same machine, so nothing here
// may take the two for different. Pure.
#pragma once

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pbaas {

class IpAddress {
 public:
  static IpAddress v4(std::uint32_t bits);  // 0x7F000001 is 127.0.0.1
  static IpAddress v6(const std::array<std::uint8_t, 16>& bytes);
  // "127.0.0.1", "::1": the usual spellings alone, without brackets, zones or leading zeros.
  static std::optional<IpAddress> parse(std::string_view text);
  // Of an address a resolver or the kernel gave; nothing for a family that is not IP.
  static std::optional<IpAddress> from(const sockaddr* address);

  bool is_v4() const { return is_v4_; }
  std::uint32_t v4_bits() const;  // of an IPv4 address
  // IPv4 as ::ffff:a.b.c.d.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }
  std::string text() const;
  // Fills `into` and gives its size.
  socklen_t to_sockaddr(int port, sockaddr_storage& into) const;

  auto operator<=>(const IpAddress&) const = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
  bool is_v4_ = false;
};

// "10.0.0.0/8", "fd00::/8"; an address alone is the network of that one.
class Network {
 public:
  // Nothing also where bits behind the prefix are set: "10.1.2.3/8" is a slip of the hand.
  static std::optional<Network> parse(std::string_view text);

  bool holds(const IpAddress& address) const;
  bool is_one_address() const;

 private:
  Network(IpAddress first, int prefix_bits) : first_(first), prefix_bits_(prefix_bits) {}

  IpAddress first_;
  int prefix_bits_;  // of the 128, for IPv4 too
};

}  // namespace pbaas
