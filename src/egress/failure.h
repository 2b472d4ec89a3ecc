// What the egress proxy answers where it does not pass something on: a status, a word for logs and
// metrics, a field for machines (RFC 9209), and a page for people. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "egress/address_kind.h"

namespace pbaas::egress {

enum class FailureKind {
  kBadRequest,
  kRefusedAddress,      // the policy: every address the name has, or the last that was left
  kTooManyConnections,  // of this session
  kNameNotFound,
  kResolverFailed,
  kResolverTimeout,
  kResolverBusy,
  kConnectionRefused,
  kConnectionTimeout,
  kUnreachable,
  kUpstreamRefused,      // the session's own proxy: its answer was no
  kUpstreamCredentials,  // the session's own proxy does not take its user and password
  kBrokenAnswer,
  kNoAnswer,
  kAnswerTimeout,
};

struct Failure {
  FailureKind kind;
  std::optional<AddressKind> address{};  // of kRefusedAddress

  // Somebody asked for what is not allowed: logged and counted, where the rest is the weather.
  bool is_refusal() const;
  // "private", "connection_refused"
  std::string_view word() const;
};

// A whole response, after which the connection ends. `where` is "host:port", or empty where that
// could not be read.
std::string failure_response(const Failure& failure, std::string_view where);

}  // namespace pbaas::egress
