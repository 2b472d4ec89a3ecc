// What kind of place an IP address is: a public one, or one that no browser of a tenant may reach
// unless the operator says so. IPv6 is public only where it is known to be. Pure.
// Sources: IANA's special-purpose address registries for IPv4 and IPv6 (RFC 6890), RFC 6052.
#pragma once

#include <string_view>

#include "base/ip_address.h"

namespace pbaas::egress {

enum class AddressKind {
  kPublic,
  kUnspecified,    // 0.0.0.0/8, ::
  kLoopback,       // 127.0.0.0/8, ::1
  kPrivate,        // RFC 1918, unique local, site local
  kLinkLocal,      // 169.254.0.0/16, fe80::/10
  kMetadata,       // where clouds hand out credentials
  kCarrierNat,     // 100.64.0.0/10
  kMulticast,      // 224.0.0.0/4, ff00::/8
  kBenchmarking,   // 198.18.0.0/15, 2001:2::/48
  kDocumentation,  // 192.0.2.0/24 and the like
  kTransition,     // IPv4 inside IPv6 by ways that nobody honest uses any more: 6to4, Teredo
  kReserved,       // all the rest that is not public
  kOwn,            // of the machine this runs on, whatever its number; only a caller knows
};

AddressKind kind_of(const IpAddress& address);
// "loopback", for logs, metrics and pages.
std::string_view to_word(AddressKind kind);

}  // namespace pbaas::egress
