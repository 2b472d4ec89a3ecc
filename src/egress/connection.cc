#include "egress/connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "egress/byte_text.h"

namespace pbaas::egress {
Connection::Connection(UniqueFd client, EgressSession& session, const EgressPolicy& policy,
                       const EgressLimits& limits, Instant now)
    : client_(std::move(client)),
      session_(session),
      policy_(policy),
      limits_(limits),
      deadline_(now + limits.idle_max) {}

void Connection::ready(End end, std::uint32_t events, EgressTurn& turn) {
  if (end == End::kClient) {
    client_.note(events);
    // Gone, rather than only done with sending. A tunnel looks for itself: there may be bytes left.
    const bool gone = (events & (EPOLLERR | EPOLLHUP)) != 0;
    if (gone && phase_ != Phase::kTunnel && phase_ != Phase::kLinger) return this->end(turn);
  } else {
    if (!upstream_ || upstream_round_ == turn.round) return;
    upstream_->note(events);
    if (phase_ == Phase::kConnecting) return look_at_connecting(turn);
  }
  advance(turn);
}

void Connection::advance(EgressTurn& turn) {
  unfinished_ = false;
  switch (phase_) {
    case Phase::kHead:
      return read_head(turn);
    case Phase::kResolving:
    case Phase::kConnecting:
      // A client that waits for its tunnel and hangs up wants it no more. One that has sent a whole
      // request may say so and still wait for the answer.
      if (client_.hung_up() && request_->kind == ProxyRequest::Kind::kConnect) end(turn);
      return;
    case Phase::kHandshake:
      return shake_hands(turn);
    case Phase::kExchange:
      return pump_exchange(turn);
    case Phase::kTunnel:
      return pump_tunnel(turn);
    case Phase::kLinger:
      return drain(turn);
    case Phase::kEnded:
      return;
  }
}

void Connection::enter(Phase phase, EgressTurn& turn, Duration wait) {
  phase_ = phase;
  deadline_ = turn.now + wait;
}

void Connection::read_head(EgressTurn& turn) {
  client_.flush();
  // A server that has left takes the connection with it: Chromium then knows, and asks anew.
  if (upstream_ && upstream_->hung_up() && head_.empty() && client_.clear()) return end(turn);
  std::size_t seen = 0;
  for (;;) {
    if (const auto size = net::head_length(head_, seen)) return begin_request(size, turn);
    if (!head_.empty() && !net::check_partial_head(head_, kProxyHeadLimits, seen))
      return fail({FailureKind::kBadRequest}, turn);
    if (!client_.can_read()) break;
    seen = head_.size();
    if (seen == 0) deadline_ = turn.now + limits_.head_max;
    const auto got = client_.read(turn.buffer);
    head_.append(as_text(turn.buffer.first(got)));
    if (head_.empty()) deadline_ = turn.now + limits_.idle_max;
  }
  if (client_.ended()) end(turn);
}

void Connection::begin_request(std::size_t head_bytes, EgressTurn& turn) {
  auto request = read_proxy_request(std::string_view(head_).substr(0, head_bytes));
  head_.erase(0, head_bytes);
  if (!request) return fail({FailureKind::kBadRequest}, turn);
  request_ = std::move(*request);
  response_.reset();
  response_head_ = {};
  response_head_seen_ = 0;
  response_surplus_ = false;
  reused_ = can_reuse();
  if (reused_) return begin_exchange(turn);
  drop_upstream(turn);
  dial(turn);
}

bool Connection::can_reuse() const {
  const bool same = upstream_ && request_->kind == ProxyRequest::Kind::kPlain &&
                    open_to_ == request_->destination;
  if (!same || upstream_->hung_up() || upstream_->broken()) return false;
  // What a server says unasked must not be taken for the answer to what is asked next.
  char byte = 0;
  return ::recv(upstream_->fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

void Connection::dial(EgressTurn& turn) {
  const HostPort& destination = request_->destination;
  dial_until_ = turn.now + limits_.connect_max;
  const auto* proxy = session_.upstream_for(destination);
  through_proxy_ = proxy != nullptr;
  proxy_credentials_.reset();
  handshake_.reset();
  const auto known = known_addresses(destination);
  if (proxy && known) {
    // What is written as an address is checked here, though another connects to it.
    Dial check(destination, policy_);
    check.take({.status = ResolveStatus::kFound, .addresses = *known});
    if (!check.has_more()) return fail(check.failure(), turn);
  }
  if (proxy) {
    const bool plain_http =
        request_->kind == ProxyRequest::Kind::kPlain && proxy->kind == session::ProxyKind::kHttp;
    if (plain_http)
      proxy_credentials_ = credentials_field(*proxy);
    else
      handshake_.emplace(*proxy, destination);
  }
  dial_.emplace(proxy ? proxy->server : destination, policy_);
  if (const auto addresses = known_addresses(dial_->destination())) {
    dial_->take({.status = ResolveStatus::kFound, .addresses = *addresses});
    return connect_next(turn);
  }
  enter(Phase::kResolving, turn, limits_.resolve_max);
  // A copy: the answer may come at once, and end this.
  const std::string host = dial_->destination().host;
  turn.home.resolve(*this, ++query_, host);
}

void Connection::resolved(std::uint64_t query, const Resolved& resolved, EgressTurn& turn) {
  if (phase_ != Phase::kResolving || query != query_) return;
  dial_->take(resolved);
  connect_next(turn);
}

void Connection::connect_next(EgressTurn& turn) {
  drop_upstream(turn);
  if (turn.now >= dial_until_) return fail({FailureKind::kConnectionTimeout}, turn);
  for (UniqueFd fd = dial_->next(); fd.valid(); fd = dial_->next()) {
    const int number = fd.get();
    upstream_.emplace(std::move(fd));
    upstream_round_ = turn.round;
    upstream_shut_ = false;
    enter(Phase::kConnecting, turn, dial_->has_more() ? limits_.attempt_max : limits_.connect_max);
    deadline_ = std::min(deadline_, dial_until_);
    if (turn.home.watch(*this, number, End::kUpstream)) return;
    drop_upstream(turn);
  }
  fail(dial_->failure(), turn);
}

void Connection::look_at_connecting(EgressTurn& turn) {
  switch (dial_->progress(upstream_->fd())) {
    case Dial::Progress::kWaiting:
      return;
    case Dial::Progress::kFailed:
      return connect_next(turn);
    case Dial::Progress::kConnected:
      return connected(turn);
  }
}

void Connection::connected(EgressTurn& turn) {
  session_.count_connection();
  dial_.reset();
  if (!handshake_) return open(turn);
  enter(Phase::kHandshake, turn, limits_.handshake_max);
  shake_hands(turn);
}

void Connection::shake_hands(EgressTurn& turn) {
  if (client_.hung_up() && request_->kind == ProxyRequest::Kind::kConnect) return end(turn);
  for (int i = 0; i <= kReadsPerTurn; ++i) {
    // Its few bytes fit any socket's buffer; what does not is kept and sent with the next event.
    upstream_->flush();
    if (const auto output = handshake_->take_output(); !output.empty())
      upstream_->write(as_bytes(output));
    if (!upstream_->can_read() || i == kReadsPerTurn) break;
    const auto bytes = as_text(turn.buffer.first(upstream_->read(turn.buffer)));
    const auto taken = handshake_->take_input(bytes);
    if (handshake_->failure()) return fail({*handshake_->failure()}, turn);
    if (!handshake_->done()) continue;
    response_head_ = std::string(bytes.substr(taken));
    handshake_.reset();
    return open(turn);
  }
  if (upstream_->ended()) return fail({FailureKind::kUpstreamRefused}, turn);
  unfinished_ = upstream_->can_read();
}

void Connection::open(EgressTurn& turn) {
  open_to_ = request_->destination;
  if (request_->kind == ProxyRequest::Kind::kConnect)
    begin_tunnel(turn);
  else
    begin_exchange(turn);
}

void Connection::begin_tunnel(EgressTurn& turn) {
  write_client(as_bytes("HTTP/1.1 200 Connection established\r\n\r\n"));
  session_.count_down(response_head_.size());
  write_client(as_bytes(std::exchange(response_head_, {})));
  write_up(as_bytes(std::exchange(head_, {})));
  request_.reset();
  enter(Phase::kTunnel, turn, limits_.tunnel_idle_max);
  pump_tunnel(turn);
}

void Connection::begin_exchange(EgressTurn& turn) {
  enter(Phase::kExchange, turn, limits_.answer_max);
  request_body_ = BodyWalker(request_->body);
  const auto head = proxy_credentials_ ? request_->head_for_proxy(*proxy_credentials_)
                                       : request_->head_for_origin();
  write_up(as_bytes(head));
  const std::string behind = std::exchange(head_, {});
  send_request_body(as_bytes(behind), turn);
  if (phase_ == Phase::kExchange) pump_exchange(turn);
}

void Connection::write_up(std::span<const std::byte> bytes) {
  session_.count_up(bytes.size());
  upstream_->write(bytes);
}

void Connection::tick(EgressTurn& turn) {
  if (!ended() && turn.now >= deadline_) deadline_passed(turn);
}

void Connection::deadline_passed(EgressTurn& turn) {
  switch (phase_) {
    case Phase::kHead:
    case Phase::kLinger:
      return end(turn);
    case Phase::kResolving:
      return fail({FailureKind::kResolverTimeout}, turn);
    case Phase::kConnecting:
      dial_->note_timeout();
      return connect_next(turn);
    case Phase::kHandshake:
      return fail({FailureKind::kUpstreamRefused}, turn);
    case Phase::kExchange:
      return response_ ? reset(turn) : fail({FailureKind::kAnswerTimeout}, turn);
    case Phase::kTunnel:
      return reset(turn);
    case Phase::kEnded:
      return;
  }
}

void Connection::fail(const Failure& failure, EgressTurn& turn) {
  const HostPort nowhere;
  const HostPort& destination = request_ ? request_->destination : nowhere;
  if (failure.is_refusal()) session_.note_refusal(failure, destination, turn.now);
  drop_upstream(turn);
  const auto where = destination.port > 0 ? destination.text() : std::string();
  write_client(as_bytes(failure_response(failure, where)));
  close_gently(turn);
}

void Connection::close_gently(EgressTurn& turn) {
  drop_upstream(turn);
  enter(Phase::kLinger, turn, limits_.linger_max);
  drain(turn);
}

// Closing while bytes are on their way to us would make the kernel throw away our last words.
void Connection::drain(EgressTurn& turn) {
  constexpr std::uint64_t bytes_max = 16 << 20;
  client_.flush();
  if (client_.clear() && !std::exchange(client_shut_, true)) client_.shut_writing();
  for (int i = 0; i < kReadsPerTurn && client_.can_read(); ++i)
    drained_bytes_ += client_.read(turn.buffer);
  unfinished_ = client_.can_read();
  if (client_.ended() || client_.broken() || drained_bytes_ > bytes_max) end(turn);
}

void Connection::drop_upstream(EgressTurn& turn) {
  if (upstream_) turn.home.unwatch(upstream_->fd());
  upstream_.reset();
  open_to_.reset();
}

void Connection::end(EgressTurn& turn) {
  drop_upstream(turn);
  client_.shut();
  phase_ = Phase::kEnded;
}

void Connection::reset(EgressTurn& turn) {
  // Closed with this, a socket sends a reset: the client must not take what it has for all.
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(client_.fd(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  drop_upstream(turn);
  phase_ = Phase::kEnded;
}

void Connection::abort(EgressTurn& turn) {
  if (!ended()) reset(turn);
}

}  // namespace pbaas::egress
