// The egress policy: which addresses browsers may be connected to. Public addresses are allowed,
// every other kind is refused unless EGRESS_ALLOW opens it, and a few are never opened. Pure, and
// read from many threads at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/host_port.h"
#include "egress/address_kind.h"

namespace pbaas::egress {

class EgressPolicy {
 public:
  EgressPolicy() = default;
  // One entry of EGRESS_ALLOW each: a network ("10.1.0.0/16"), an address ("10.1.2.3",
  // "[fd00::1]"), or a host name ("wiki.internal"), each with a port behind it or for all ports
  // ("10.1.0.0/16:443", "[fd00::/8]:80", "wiki.internal:8080"). A name opens whatever it resolves
  // to. Errors: kInvalidField, naming the entry.
  static Result<EgressPolicy> parse(const std::vector<std::string>& entries);

  // Why `destination` must not be connected to at `address`, one of those it resolved to; nothing
  // where it may be. `is_own`: the address is one of this machine, where the service itself
  // listens.
  //
  // Never opened: unspecified, multicast, reserved and transition addresses. A metadata address and
  // one of the machine's own is opened only by an entry that is just this address: a network that
  // happens to hold it is not meant so. (Loopback is a network of its own, and opened as one.)
  std::optional<AddressKind> refusal(const HostPort& destination, const IpAddress& address,
                                     bool is_own) const;

 private:
  struct Entry {
    std::optional<Network> network;
    std::string name;
    int port = 0;  // 0: every port
  };

  static std::optional<Entry> parse_entry(std::string_view text);
  bool opens(const HostPort& destination, const IpAddress& address, AddressKind kind) const;

  std::vector<Entry> entries_;
};

}  // namespace pbaas::egress
