// A session's own proxy, from the `proxy` option: where the egress proxy sends the session's
// traffic, as whom, and what it does not send there. User and password are secrets: they are shown
// nowhere, as `***` in answers and in the session log. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/host_port.h"
#include "base/ip_address.h"

namespace pbaas::session {

// What goes past the upstream proxy, straight to its destination. Each rule is a host name
// ("example.org"), all names below a domain ("*.example.org" or ".example.org"), or a network or
// address ("10.0.0.0/8", "[::1]"), which holds only destinations that are written as addresses.
// Behind names and addresses there may be a port.
class ProxyBypass {
 public:
  // Separated by commas, as browsers' lists are; nothing where a rule cannot be read.
  static std::optional<ProxyBypass> parse(std::string_view text);

  bool holds(const HostPort& destination) const;
  const std::string& text() const { return text_; }
  bool operator==(const ProxyBypass& other) const { return text_ == other.text_; }

 private:
  struct Rule {
    std::string name;
    bool below = false;  // names below this one
    std::optional<Network> network;
    int port = 0;  // 0: every port
  };

  static std::optional<Rule> parse_rule(std::string_view text);

  std::string text_;
  std::vector<Rule> rules_;
};

enum class ProxyKind { kHttp, kSocks5 };

struct UpstreamProxy {
  ProxyKind kind = ProxyKind::kHttp;
  HostPort server;
  std::string username;
  std::string password;
  ProxyBypass bypass;
  bool operator==(const UpstreamProxy&) const = default;
};

// The `proxy` field of `POST /session`. Errors: kInvalidField, kUnknownField. No error shows a
// value, because a password is where people put it.
Result<UpstreamProxy> read_upstream_proxy(const boost::json::value& value);

enum class Secrets {
  kMasked,  // for answers and the session log
  kShown,   // for the worker that has to use them, and for nobody else
};
boost::json::object to_json(const UpstreamProxy& proxy, Secrets secrets);

}  // namespace pbaas::session
