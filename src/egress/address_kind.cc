#include "egress/address_kind.h"

#include <vector>

namespace pbaas::egress {
namespace {

struct Range {
  AddressKind kind;
  Network network;
};

Range range(AddressKind kind, std::string_view text) {
  return {kind, Network::parse(text).value()};
}

// The first that holds an address decides, so the narrow stand before the wide.
const std::vector<Range>& v4_ranges() {
  static const std::vector<Range> table{
      range(AddressKind::kMetadata, "169.254.169.254"),
      range(AddressKind::kMetadata, "169.254.170.2"),    // AWS: credentials of a container
      range(AddressKind::kMetadata, "169.254.170.23"),   // AWS: credentials of a pod
      range(AddressKind::kMetadata, "100.100.100.200"),  // Alibaba
      range(AddressKind::kMetadata, "192.0.0.192"),      // Oracle
      range(AddressKind::kMetadata, "168.63.129.16"),    // Azure; a public address by its number
      range(AddressKind::kUnspecified, "0.0.0.0/8"),
      range(AddressKind::kPrivate, "10.0.0.0/8"),
      range(AddressKind::kCarrierNat, "100.64.0.0/10"),
      range(AddressKind::kLoopback, "127.0.0.0/8"),
      range(AddressKind::kLinkLocal, "169.254.0.0/16"),
      range(AddressKind::kPrivate, "172.16.0.0/12"),
      range(AddressKind::kReserved, "192.0.0.0/24"),  // IETF protocol assignments
      range(AddressKind::kDocumentation, "192.0.2.0/24"),
      range(AddressKind::kTransition, "192.88.99.0/24"),  // 6to4 relays
      range(AddressKind::kPrivate, "192.168.0.0/16"),
      range(AddressKind::kBenchmarking, "198.18.0.0/15"),
      range(AddressKind::kDocumentation, "198.51.100.0/24"),
      range(AddressKind::kDocumentation, "203.0.113.0/24"),
      range(AddressKind::kMulticast, "224.0.0.0/4"),
      range(AddressKind::kReserved, "240.0.0.0/4"),
      range(AddressKind::kPublic, "0.0.0.0/0"),
  };
  return table;
}

const std::vector<Range>& v6_ranges() {
  static const std::vector<Range> table{
      range(AddressKind::kUnspecified, "::"),
      range(AddressKind::kLoopback, "::1"),
      range(AddressKind::kMetadata, "fd00:ec2::254"),      // AWS
      range(AddressKind::kMetadata, "fd00:ec2::23"),       // AWS: credentials of a pod
      range(AddressKind::kMetadata, "fd20:ce::254"),       // Google
      range(AddressKind::kTransition, "::/96"),            // IPv4-compatible
      range(AddressKind::kTransition, "::ffff:0:0:0/96"),  // IPv4-translated
      range(AddressKind::kPrivate, "64:ff9b:1::/48"),      // NAT64 of a network's own
      range(AddressKind::kTransition, "2001::/32"),        // Teredo
      range(AddressKind::kBenchmarking, "2001:2::/48"),
      range(AddressKind::kReserved, "2001::/23"),  // IETF protocol assignments
      range(AddressKind::kDocumentation, "2001:db8::/32"),
      range(AddressKind::kTransition, "2002::/16"),  // 6to4
      range(AddressKind::kDocumentation, "3fff::/20"),
      range(AddressKind::kPublic, "2000::/3"),
      range(AddressKind::kPrivate, "fc00::/7"),
      range(AddressKind::kLinkLocal, "fe80::/10"),
      range(AddressKind::kPrivate, "fec0::/10"),  // site local
      range(AddressKind::kMulticast, "ff00::/8"),
      range(AddressKind::kReserved, "::/0"),
  };
  return table;
}

// Where a network has IPv6 alone, its resolver writes public IPv4 addresses so (RFC 6052): the
// address is what the IPv4 address inside is.
bool is_nat64(const IpAddress& address) {
  static const Network well_known = Network::parse("64:ff9b::/96").value();
  return well_known.holds(address);
}

}  // namespace

AddressKind kind_of(const IpAddress& address) {
  if (is_nat64(address)) return kind_of(IpAddress::v4(address.v4_bits()));
  for (const auto& each : address.is_v4() ? v4_ranges() : v6_ranges()) {
    if (each.network.holds(address)) return each.kind;
  }
  return AddressKind::kReserved;
}

std::string_view to_word(AddressKind kind) {
  switch (kind) {
    case AddressKind::kPublic:
      return "public";
    case AddressKind::kUnspecified:
      return "unspecified";
    case AddressKind::kLoopback:
      return "loopback";
    case AddressKind::kPrivate:
      return "private";
    case AddressKind::kLinkLocal:
      return "link-local";
    case AddressKind::kMetadata:
      return "metadata";
    case AddressKind::kCarrierNat:
      return "carrier-nat";
    case AddressKind::kMulticast:
      return "multicast";
    case AddressKind::kBenchmarking:
      return "benchmarking";
    case AddressKind::kDocumentation:
      return "documentation";
    case AddressKind::kTransition:
      return "transition";
    case AddressKind::kReserved:
      return "reserved";
    case AddressKind::kOwn:
      return "own-address";
  }
  return "";
}

}  // namespace pbaas::egress
