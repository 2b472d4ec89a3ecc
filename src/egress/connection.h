// One connection of a browser to its proxy, and the one to a server that belongs to it: requests
// one after the other, or a tunnel. It moves bytes and assembles nothing but heads: it reads no
// more from one end while the other does not take what it has. It lives on its session's egress
// thread, which reports events, ticks and resolved names to it, and destroys it when it has ended.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "egress/body_walker.h"
#include "egress/dial.h"
#include "egress/egress_session.h"
#include "egress/limits.h"
#include "egress/proxy_request.h"
#include "egress/response_head.h"
#include "egress/upstream_handshake.h"
#include "net/relay_side.h"

namespace pbaas::egress {

enum class End { kClient, kUpstream };

class Connection;

// What its thread does for a connection.
class ConnectionHome {
 public:
  virtual ~ConnectionHome() = default;
  // Events of the descriptor are reported from now on, edge-triggered; false where that cannot be.
  virtual bool watch(Connection& connection, int fd, End end) = 0;
  virtual void unwatch(int fd) = 0;
  // Answered by Connection::resolved() with the same number.
  virtual void resolve(Connection& connection, std::uint64_t query, const std::string& host) = 0;
};

// Lent for one call.
struct EgressTurn {
  std::span<std::byte> buffer;
  Instant now;
  // Counts the waits for events. A socket that was made in this one has no event yet; what comes in
  // its place is one of the socket before it.
  std::uint64_t round;
  ConnectionHome& home;
};

class Connection {
 public:
  static constexpr std::size_t kReadBytes = 64 * 1024;
  // 1 MiB at a time, so that a fast download leaves the thread to others now and then.
  static constexpr int kReadsPerTurn = 16;

  // `session`, `policy` and `limits` outlive it.
  Connection(UniqueFd client, EgressSession& session, const EgressPolicy& policy,
             const EgressLimits& limits, Instant now);

  int client_fd() const { return client_.fd(); }
  // Takes what came before the events were watched.
  void begin(EgressTurn& turn) { advance(turn); }
  void ready(End end, std::uint32_t events, EgressTurn& turn);
  void resolved(std::uint64_t query, const Resolved& resolved, EgressTurn& turn);
  void tick(EgressTurn& turn);
  // It was cut short, so that others have their turn, and wants to go on.
  bool unfinished() const { return unfinished_ && !ended(); }
  void resume(EgressTurn& turn) { advance(turn); }
  // At once; its client sees a reset.
  void abort(EgressTurn& turn);
  bool ended() const { return phase_ == Phase::kEnded; }

 private:
  enum class Phase {
    kHead,  // waits for a request, or for the rest of its head
    kResolving,
    kConnecting,
    kHandshake,  // with the session's own proxy
    kExchange,   // one request and its response
    kTunnel,
    kLinger,  // has said its last words
    kEnded,
  };

  void advance(EgressTurn& turn);
  void enter(Phase phase, EgressTurn& turn, Duration wait);

  void read_head(EgressTurn& turn);
  void begin_request(std::size_t head_bytes, EgressTurn& turn);
  bool can_reuse() const;
  void dial(EgressTurn& turn);
  void connect_next(EgressTurn& turn);
  void look_at_connecting(EgressTurn& turn);
  void connected(EgressTurn& turn);
  void shake_hands(EgressTurn& turn);
  void open(EgressTurn& turn);
  void begin_tunnel(EgressTurn& turn);
  void begin_exchange(EgressTurn& turn);

  void pump_tunnel(EgressTurn& turn);
  void move_tunnel_bytes(bool up, EgressTurn& turn);
  void pump_exchange(EgressTurn& turn);
  void pump_request(EgressTurn& turn);
  void send_request_body(std::span<const std::byte> bytes, EgressTurn& turn);
  void pump_response(EgressTurn& turn);
  void take_response(std::span<const std::byte> bytes, EgressTurn& turn);
  void take_response_heads(EgressTurn& turn);
  bool take_response_head(std::size_t size, EgressTurn& turn);
  void take_response_body(std::span<const std::byte> bytes);
  void begin_upgraded(EgressTurn& turn);
  void response_cut_off(EgressTurn& turn);
  void finish_exchange(EgressTurn& turn);

  void write_up(std::span<const std::byte> bytes);
  void write_client(std::span<const std::byte> bytes) { client_.write(bytes); }
  void fail(const Failure& failure, EgressTurn& turn);
  void close_gently(EgressTurn& turn);
  void drain(EgressTurn& turn);
  void drop_upstream(EgressTurn& turn);
  void end(EgressTurn& turn);
  void reset(EgressTurn& turn);
  void deadline_passed(EgressTurn& turn);

  net::RelaySide client_;
  std::optional<net::RelaySide> upstream_;
  EgressSession& session_;
  const EgressPolicy& policy_;
  const EgressLimits& limits_;

  Phase phase_ = Phase::kHead;
  bool unfinished_ = false;
  Instant deadline_;
  Instant dial_until_{};
  std::uint64_t upstream_round_ = 0;
  std::uint64_t query_ = 0;

  std::string head_;  // the client's bytes before, and behind, a request
  std::optional<ProxyRequest> request_;
  std::optional<Dial> dial_;
  std::optional<UpstreamHandshake> handshake_;
  // Where the open upstream_ leads, to be used again.
  std::optional<HostPort> open_to_;
  bool through_proxy_ = false;  // the upstream is the session's own proxy
  // Where that takes requests with whole URLs: those of the proxy that was dialled, though the
  // session may have another by now.
  std::optional<std::string> proxy_credentials_;
  bool reused_ = false;

  BodyWalker request_body_;
  std::string response_head_;           // the server's bytes until its head is whole
  std::size_t response_head_seen_ = 0;  // so many of them hold none
  std::optional<ResponseHead> response_;
  BodyWalker response_body_;
  bool response_surplus_ = false;
  std::uint64_t drained_bytes_ = 0;
  bool client_shut_ = false;  // we have said that no more comes
  bool upstream_shut_ = false;
};

}  // namespace pbaas::egress
