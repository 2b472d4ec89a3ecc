// How a Connection moves bytes once both of its ends are there.
#include <algorithm>
#include <utility>

#include "egress/byte_text.h"
#include "egress/connection.h"

namespace pbaas::egress {
void Connection::move_tunnel_bytes(bool up, EgressTurn& turn) {
  net::RelaySide& from = up ? client_ : *upstream_;
  net::RelaySide& to = up ? *upstream_ : client_;
  bool moved = to.flush() > 0;
  for (int i = 0; i < kReadsPerTurn && from.can_read() && to.clear(); ++i) {
    const auto got = from.read(turn.buffer);
    if (got == 0) continue;
    moved = true;
    if (!up) session_.count_down(got);
    if (up)
      write_up(turn.buffer.first(got));
    else
      write_client(turn.buffer.first(got));
  }
  unfinished_ |= from.can_read() && to.clear();
  bool& shut = up ? upstream_shut_ : client_shut_;
  if (from.ended() && !from.failed() && to.clear() && !std::exchange(shut, true)) {
    to.shut_writing();
    moved = true;
  }
  const bool half_closed = upstream_shut_ || client_shut_;
  if (moved)
    deadline_ = turn.now + (half_closed ? limits_.half_closed_max : limits_.tunnel_idle_max);
}

void Connection::pump_tunnel(EgressTurn& turn) {
  move_tunnel_bytes(true, turn);
  move_tunnel_bytes(false, turn);
  const bool failed = client_.failed() || upstream_->failed();
  if (failed || client_.broken() || upstream_->broken()) return reset(turn);
  if (!client_.clear() || !upstream_->clear())
    deadline_ = std::min(deadline_, turn.now + limits_.stall_max);
  if (client_shut_ && upstream_shut_) end(turn);
}

void Connection::pump_exchange(EgressTurn& turn) {
  pump_request(turn);
  if (phase_ == Phase::kExchange) pump_response(turn);
  // It may still wait for its answer, or be gone, which looks the same.
  if (phase_ == Phase::kExchange && client_.hung_up())
    deadline_ = std::min(deadline_, turn.now + limits_.half_closed_max);
}

void Connection::pump_request(EgressTurn& turn) {
  upstream_->flush();
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const bool wants = !request_body_.done() && !upstream_->broken();
    if (!wants || !client_.can_read() || !upstream_->clear()) break;
    const auto got = client_.read(turn.buffer);
    send_request_body(turn.buffer.first(got), turn);
    if (phase_ != Phase::kExchange) return;
  }
  const bool more = !request_body_.done() && !upstream_->broken();
  unfinished_ |= more && client_.can_read() && upstream_->clear();
  // A client that leaves in the middle of its request gets no answer.
  if (!request_body_.done() && client_.ended()) end(turn);
}

void Connection::send_request_body(std::span<const std::byte> bytes, EgressTurn& turn) {
  if (bytes.empty()) return;
  const auto taken = request_body_.walk(bytes);
  write_up(bytes.first(taken));
  deadline_ = turn.now + limits_.answer_max;
  if (!request_body_.broken()) {
    head_.append(as_text(bytes.subspan(taken)));
    return;
  }
  if (response_) return reset(turn);
  fail({FailureKind::kBadRequest}, turn);
}

void Connection::pump_response(EgressTurn& turn) {
  if (client_.flush() > 0) deadline_ = turn.now + limits_.stall_max;
  if (!response_head_.empty() && !response_) take_response_heads(turn);
  for (int i = 0; i < kReadsPerTurn && phase_ == Phase::kExchange; ++i) {
    const bool wants = upstream_->can_read() && client_.clear() && !client_.broken();
    if (!wants || (response_ && response_body_.done())) break;
    const auto got = upstream_->read(turn.buffer);
    if (got > 0) take_response(turn.buffer.first(got), turn);
  }
  if (phase_ != Phase::kExchange) return;
  if (client_.broken() || client_.failed()) return end(turn);
  if (response_ && response_body_.done()) return finish_exchange(turn);
  if (response_ && response_body_.broken()) return reset(turn);
  if (upstream_->ended() && client_.clear()) return response_cut_off(turn);
  unfinished_ |= upstream_->can_read() && client_.clear();
}

void Connection::take_response(std::span<const std::byte> bytes, EgressTurn& turn) {
  session_.count_down(bytes.size());
  // A head has one time for all of it, however it drips.
  if (response_ || response_head_.empty()) deadline_ = turn.now + limits_.stall_max;
  if (response_) return take_response_body(bytes);
  response_head_.append(as_text(bytes));
  take_response_heads(turn);
}

// Interim responses (100, 103) and the one that counts.
void Connection::take_response_heads(EgressTurn& turn) {
  while (!response_ && phase_ == Phase::kExchange) {
    const auto seen = std::exchange(response_head_seen_, response_head_.size());
    const auto size = response_head_length(response_head_, seen);
    if (size == 0 && response_head_.size() <= kResponseHeadBytesMax) return;
    if (size == 0 || !take_response_head(size, turn))
      return fail({FailureKind::kBrokenAnswer}, turn);
  }
}

bool Connection::take_response_head(std::size_t size, EgressTurn& turn) {
  response_head_seen_ = 0;
  const auto text = response_head_.substr(0, size);
  const auto head = read_response_head(text, request_->is_head);
  if (!head) return false;
  if (head->status == 407) {
    // Only a proxy may ask for a proxy's password, and the browser is not the one to answer.
    fail({through_proxy_ ? FailureKind::kUpstreamCredentials : FailureKind::kBrokenAnswer}, turn);
    return true;
  }
  if (head->status == 101 && !request_->wants_upgrade) return false;
  write_client(as_bytes(text));
  response_head_.erase(0, size);
  if (head->is_interim()) return true;
  if (head->status == 101) {
    begin_upgraded(turn);
    return true;
  }
  response_ = *head;
  response_body_ = BodyWalker(head->body);
  const std::string behind = std::exchange(response_head_, {});
  take_response_body(as_bytes(behind));
  return true;
}

void Connection::begin_upgraded(EgressTurn& turn) {
  write_client(as_bytes(std::exchange(response_head_, {})));
  write_up(as_bytes(std::exchange(head_, {})));
  request_.reset();
  enter(Phase::kTunnel, turn, limits_.tunnel_idle_max);
  pump_tunnel(turn);
}

void Connection::take_response_body(std::span<const std::byte> bytes) {
  const auto taken = response_body_.walk(bytes);
  // Bytes that belong to no request of ours are nobody's.
  response_surplus_ |= taken < bytes.size();
  write_client(bytes.first(taken));
}

void Connection::response_cut_off(EgressTurn& turn) {
  if (response_ && response_body_.ends_with_connection() && !upstream_->failed())
    return close_gently(turn);
  if (response_) return reset(turn);
  // As if the browser had been connected to that server itself: it knows that an idle connection
  // can end under a request, and asks again.
  if (reused_ && response_head_.empty()) return end(turn);
  fail({FailureKind::kNoAnswer}, turn);
}

void Connection::finish_exchange(EgressTurn& turn) {
  if (!client_.clear()) return;
  const bool reusable = response_->keep_alive && request_->keep_alive && request_body_.done() &&
                        !response_surplus_ && !client_.ended() && !upstream_->hung_up();
  if (!reusable) return close_gently(turn);
  request_.reset();
  enter(Phase::kHead, turn, limits_.idle_max);
  // The next request has its turn in the next round, so that many in a row do not become deep.
  unfinished_ = client_.can_read() || !head_.empty();
}

}  // namespace pbaas::egress
