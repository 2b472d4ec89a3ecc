// What is said to a session's own proxy before it passes bytes on: CONNECT (RFC 9110) with Basic
// credentials, or SOCKS 5 (RFC 1928, 1929), which gets the name and resolves it itself. It is fed
// what comes and says what to send. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/host_port.h"
#include "egress/failure.h"
#include "session/upstream_proxy.h"

namespace pbaas::egress {

// "Proxy-Authorization: Basic ...\r\n", or nothing.
std::string credentials_field(const session::UpstreamProxy& proxy);

class UpstreamHandshake {
 public:
  UpstreamHandshake(const session::UpstreamProxy& proxy, const HostPort& destination);

  // What to send now; empty where nothing is.
  std::string take_output();
  // How many of the bytes it took. What is left when it is done is the destination's.
  std::size_t take_input(std::string_view bytes);
  bool done() const { return step_ == Step::kDone; }
  const std::optional<FailureKind>& failure() const { return failure_; }

 private:
  enum class Step { kHttpHead, kSocksMethod, kSocksUser, kSocksReply, kDone };

  void fail(FailureKind kind) { failure_ = kind; }
  void take_http_head();
  std::size_t wanted() const;
  void take_socks();
  void ask_socks_connect();

  Step step_;
  std::string output_;
  std::string input_;
  std::string login_;  // of SOCKS
  int interim_heads_ = 0;
  HostPort destination_;
  std::optional<FailureKind> failure_;
};

}  // namespace pbaas::egress
