#include "egress/policy.h"

#include <algorithm>

namespace pbaas::egress {
namespace {

// An entry's two halves: what is in front of its port, without brackets, and the port.
struct Halves {
  std::string_view place;
  std::string_view port;
  bool has_port = false;
};

std::optional<Halves> split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto bracket = text.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    const auto rest = text.substr(bracket + 1);
    if (!rest.empty() && !rest.starts_with(':')) return std::nullopt;
    return Halves{text.substr(1, bracket - 1), rest.substr(rest.empty() ? 0 : 1), !rest.empty()};
  }
  // IPv6 without brackets has no port: where it would begin is not to be seen.
  const auto colons = std::ranges::count(text, ':');
  if (colons != 1) return Halves{text, {}, false};
  const auto colon = text.find(':');
  return Halves{text.substr(0, colon), text.substr(colon + 1), true};
}

bool is_never_opened(AddressKind kind) {
  return kind == AddressKind::kUnspecified || kind == AddressKind::kMulticast ||
         kind == AddressKind::kReserved || kind == AddressKind::kTransition;
}

}  // namespace

std::optional<EgressPolicy::Entry> EgressPolicy::parse_entry(std::string_view text) {
  const auto halves = split(text);
  if (!halves) return std::nullopt;
  Entry entry;
  if (halves->has_port) {
    const auto port = parse_host_port("h:" + std::string(halves->port), 0);
    if (!port) return std::nullopt;
    entry.port = port->port;
  }
  entry.network = Network::parse(halves->place);
  if (entry.network) return entry;
  if (text.starts_with('[')) return std::nullopt;
  const auto name = parse_host(halves->place);
  // An odd spelling of an address is more likely a slip than meant.
  if (!name || name->address) return std::nullopt;
  entry.name = name->host;
  return entry;
}

Result<EgressPolicy> EgressPolicy::parse(const std::vector<std::string>& entries) {
  EgressPolicy policy;
  for (const auto& text : entries) {
    auto entry = parse_entry(text);
    if (!entry) {
      return Error{Fault::kInvalidField,
                   "EGRESS_ALLOW has \"" + text +
                       "\"; it takes networks, addresses and host names, each perhaps with a port, "
                       "such as 10.1.0.0/16, 10.1.2.3:443, [fd00::/8]:80 or wiki.internal:8080",
                   "EGRESS_ALLOW"};
    }
    policy.entries_.push_back(std::move(*entry));
  }
  return policy;
}

std::optional<AddressKind> EgressPolicy::refusal(const HostPort& destination,
                                                 const IpAddress& address, bool is_own) const {
  auto kind = kind_of(address);
  if (is_own && !is_never_opened(kind) && kind != AddressKind::kLoopback) kind = AddressKind::kOwn;
  if (kind == AddressKind::kPublic || opens(destination, address, kind)) return std::nullopt;
  return kind;
}

bool EgressPolicy::opens(const HostPort& destination, const IpAddress& address,
                         AddressKind kind) const {
  if (is_never_opened(kind)) return false;
  return std::ranges::any_of(entries_, [&](const Entry& entry) {
    if (entry.port != 0 && entry.port != destination.port) return false;
    if (kind == AddressKind::kMetadata || kind == AddressKind::kOwn) {
      return entry.network && entry.network->is_one_address() && entry.network->holds(address);
    }
    if (entry.network) return entry.network->holds(address);
    return !destination.address && entry.name == destination.host;
  });
}

}  // namespace pbaas::egress
