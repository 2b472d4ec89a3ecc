#include "base/ip_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

namespace pbaas {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
constexpr int kMappedBits = 96;

// Whether the first `bits` of both are the same.
bool same_prefix(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b,
                 int bits) {
  const int whole = bits / 8;
  if (!std::equal(a.begin(), a.begin() + whole, b.begin())) return false;
  const int rest = bits % 8;
  return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

std::optional<int> prefix_length(std::string_view text, int max) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 0 || value > max) return std::nullopt;
  return value;
}

bool has_bits_behind(const IpAddress& address, int prefix_bits) {
  auto bytes = address.bytes();
  for (int bit = prefix_bits; bit < 128; ++bit) {
    if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != 0) return true;
  }
  return false;
}

}  // namespace

IpAddress IpAddress::v4(std::uint32_t bits) {
  IpAddress address;
  std::ranges::copy(kMappedPrefix, address.bytes_.begin());
  for (int i = 0; i < 4; ++i)
    address.bytes_[12 + i] = static_cast<std::uint8_t>(bits >> 8 * (3 - i));
  address.is_v4_ = true;
  return address;
}

IpAddress IpAddress::v6(const std::array<std::uint8_t, 16>& bytes) {
  IpAddress address;
  address.bytes_ = bytes;
  address.is_v4_ = std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy(text);
  if (copy.find('\0') != std::string::npos) return std::nullopt;
  in_addr four{};
  if (::inet_pton(AF_INET, copy.c_str(), &four) == 1) return v4(ntohl(four.s_addr));
  std::array<std::uint8_t, 16> sixteen{};
  if (::inet_pton(AF_INET6, copy.c_str(), sixteen.data()) == 1) return v6(sixteen);
  return std::nullopt;
}

std::optional<IpAddress> IpAddress::from(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in four{};
    std::memcpy(&four, address, sizeof four);
    return v4(ntohl(four.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return std::nullopt;
  sockaddr_in6 six{};
  std::memcpy(&six, address, sizeof six);
  return v6(std::bit_cast<std::array<std::uint8_t, 16>>(six.sin6_addr));
}

std::uint32_t IpAddress::v4_bits() const {
  std::uint32_t bits = 0;
  for (int i = 12; i < 16; ++i) bits = bits << 8 | bytes_[i];
  return bits;
}

std::string IpAddress::text() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (is_v4_)
    ::inet_ntop(AF_INET, bytes_.data() + 12, text, sizeof text);
  else
    ::inet_ntop(AF_INET6, bytes_.data(), text, sizeof text);
  return text;
}

socklen_t IpAddress::to_sockaddr(int port, sockaddr_storage& into) const {
  into = {};
  if (is_v4_) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    four.sin_addr.s_addr = htonl(v4_bits());
    std::memcpy(&into, &four, sizeof four);
    return sizeof four;
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(static_cast<std::uint16_t>(port));
  six.sin6_addr = std::bit_cast<in6_addr>(bytes_);
  std::memcpy(&into, &six, sizeof six);
  return sizeof six;
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  // "::ffff:0:0/96" would say IPv4 in a way that its prefix does not fit.
  if (address->is_v4() && text.find(':') != std::string_view::npos) return std::nullopt;
  const int bits = address->is_v4() ? 32 : 128;
  if (slash == std::string_view::npos) return Network(*address, 128);
  const auto length = prefix_length(text.substr(slash + 1), bits);
  if (!length) return std::nullopt;
  const int prefix_bits = *length + (address->is_v4() ? kMappedBits : 0);
  if (has_bits_behind(*address, prefix_bits)) return std::nullopt;
  return Network(*address, prefix_bits);
}

bool Network::holds(const IpAddress& address) const {
  // "::/0" is every IPv6 address, and no IPv4 one.
  return address.is_v4() == first_.is_v4() &&
         same_prefix(address.bytes(), first_.bytes(), prefix_bits_);
}

bool Network::is_one_address() const {
  return prefix_bits_ == 128;
}

}  // namespace pbaas
