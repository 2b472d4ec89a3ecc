// Where somebody wants to go: a host and a port, read as Chromium reads them, so that every
// spelling of an address (2130706433, 0x7f.1, 127.1, 0) comes out as that address and is never
// handed to a resolver that might know better. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace pbaas {

struct HostPort {
  std::string host;                  // lower case, without brackets and a last dot; for people too
  std::optional<IpAddress> address;  // where the host is one
  int port = 0;

  // "example.org:443", "[::1]:80"
  std::string text() const;
  bool operator==(const HostPort&) const = default;
};

// A host alone: a name, an IPv4 address in any spelling of the URL standard
// (https://url.spec.whatwg.org/#concept-ipv4-parser), or an IPv6 address in brackets.
std::optional<HostPort> parse_host(std::string_view text);
// "host:port"; without a port it is `default_port`, or nothing where that is 0.
std::optional<HostPort> parse_host_port(std::string_view text, int default_port);

}  // namespace pbaas
