// Destinations as browsers write them, and entries of EGRESS_ALLOW. What is read reads back as
// itself, an address stays that address, and without leave nothing but the public is reached.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/host_port.h"
#include "egress/policy.h"
#include "session/upstream_proxy.h"

using namespace pbaas;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_destination(const HostPort& destination) {
  require(parse_host_port(destination.text(), 0) == destination);
  require(destination.host.find_first_of(" /@%<>\"&\r\n") == std::string::npos);
  if (!destination.address) return;
  const IpAddress address = *destination.address;
  require(IpAddress::parse(address.text()) == address);
  sockaddr_storage storage;
  address.to_sockaddr(destination.port, storage);
  require(IpAddress::from(reinterpret_cast<const sockaddr*>(&storage)) == address);
  const bool is_public = egress::kind_of(address) == egress::AddressKind::kPublic;
  const egress::EgressPolicy closed;
  require(closed.refusal(destination, address, false).has_value() != is_public);
}

// Whatever an operator writes, some addresses stay shut.
void check_policy(const egress::EgressPolicy& policy) {
  for (const auto* text : {"0.0.0.0", "224.0.0.1", "255.255.255.255", "::", "2002:7f00:1::"}) {
    const auto address = IpAddress::parse(text).value();
    require(
        policy.refusal({.host = text, .address = address, .port = 80}, address, false).has_value());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto destination = parse_host_port(text, 0)) check_destination(*destination);
  if (const auto policy = egress::EgressPolicy::parse({std::string(text)})) check_policy(*policy);
  (void)session::ProxyBypass::parse(text);
  return 0;
}
