#include "net/relay.h"

#include <algorithm>
#include <string>
#include <utility>

#include "net/close_request.h"
#include "net/control_frame.h"

namespace pbaas::net {
namespace {

// One relay moves at most 16 buffers, 1 MiB, each way before the others of its thread have a turn.
constexpr int kReadsPerTurnMax = 16;

// Codes of ends without a Close of ours, as in RelayTotals.
constexpr int kBetweenThem = 1005;
constexpr int kCut = 1006;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

// Reads behind what the walker held back, so that it sees whole headers. Gives both together, or
// nothing if nothing came.
std::span<const std::byte> read_on(RelaySide& from, const FrameWalker& walker,
                                   std::span<std::byte> buffer) {
  const auto held = walker.held();
  std::ranges::copy(held, buffer.begin());
  const std::size_t got = from.read(buffer.subspan(held.size(), RelayTurn::kReadBytes));
  return got == 0 ? std::span<const std::byte>() : buffer.first(held.size() + got);
}

}  // namespace

Relay::Relay(RelayStart start, const RelayLimits& limits, Instant now)
    : client_(std::move(start.client)),
      browser_(std::move(start.browser)),
      up_(FrameWalker::From::kClient, limits.message_up_bytes_max),
      down_(FrameWalker::From::kBrowser, limits.message_up_bytes_max),
      group_(std::move(start.group)),
      seat_(std::move(start.seat)),
      last_to_client_(now),
      endpoint_(start.endpoint) {}

void Relay::begin(RelayTurn& turn, std::string to_browser, std::string to_client_first) {
  if (!to_client_first.empty()) forward_down(bytes_of(to_client_first), turn);
  if (!to_browser.empty() && phase_ == Phase::kOpen) forward_up(bytes_of(to_browser), turn);
  pump(turn);
}

void Relay::ready(Side side, std::uint32_t events, RelayTurn& turn) {
  (side == Side::kClient ? client_ : browser_).note(events);
  pump(turn);
}

void Relay::close(const CloseFrame& frame, RelayTurn& turn) {
  // Once a Close is on its way nothing may follow it, RFC 6455 §5.5.1.
  const bool open = phase_ == Phase::kOpen && !down_.closed();
  if (open || phase_ == Phase::kBrowserLost) start_end(frame, turn);
  settle(turn);
}

void Relay::pump(RelayTurn& turn) {
  unfinished_ = false;
  flush(turn);
  if (phase_ == Phase::kOpen) carry_up(turn);
  if (phase_ == Phase::kOpen || phase_ == Phase::kEnding) carry_down(turn);
  if (phase_ != Phase::kOpen) discard_client(turn);
  settle(turn);
}

void Relay::flush(RelayTurn& turn) {
  if (client_.flush() > 0) last_to_client_ = turn.now;
  // A client that has left is waited for as long as the browser still takes what it sent.
  if (browser_.flush() > 0 && phase_ == Phase::kOpen && is_timed()) {
    end_by_ = turn.now + turn.limits.close_grace;
  }
}

void Relay::carry_up(RelayTurn& turn) {
  for (int reads = 0; client_.can_read() && browser_.clear() && phase_ == Phase::kOpen; ++reads) {
    if (reads == kReadsPerTurnMax) {
      unfinished_ = true;
      return;
    }
    const auto bytes = read_on(client_, up_, turn.buffer);
    if (!bytes.empty()) forward_up(bytes, turn);
  }
}

void Relay::carry_down(RelayTurn& turn) {
  const auto passes = [this] { return phase_ == Phase::kOpen || phase_ == Phase::kEnding; };
  for (int reads = 0; browser_.can_read() && client_.clear() && passes(); ++reads) {
    if (reads == kReadsPerTurnMax) {
      unfinished_ = true;
      return;
    }
    const auto bytes = read_on(browser_, down_, turn.buffer);
    if (!bytes.empty()) forward_down(bytes, turn);
  }
}

void Relay::forward_up(std::span<const std::byte> bytes, RelayTurn& turn) {
  if (up_.at_boundary() && asks_to_close(bytes)) group_->note_close_asked();
  const auto step = up_.walk(bytes);
  // Counted before it is sent, so that whoever has a message finds it counted.
  turn.tally.count_up(step.forward, step.messages);
  group_->count_up(step.forward, step.messages);
  if (step.data || step.messages > 0) group_->note_client_data(turn.now);
  browser_.write(bytes.first(step.forward));
  if (step.fault != FrameFault::kNone && !down_.closed()) start_end(close_for(step.fault), turn);
}

void Relay::forward_down(std::span<const std::byte> bytes, RelayTurn& turn) {
  const bool ending = phase_ == Phase::kEnding;
  const auto stop = ending ? FrameWalker::Stop::kAtBoundary : FrameWalker::Stop::kNowhere;
  const auto step = down_.walk(bytes, stop);
  turn.tally.count_down(step.forward, step.messages);
  group_->count_down(step.forward, step.messages);
  to_client(bytes.first(step.forward), turn);
  if (step.fault != FrameFault::kNone) start_end(close_for(step.fault), turn);
  if (ending && phase_ == Phase::kEnding && down_.closed()) {
    await_client(kBetweenThem, turn);
  } else if (ending && phase_ == Phase::kEnding && down_.at_boundary()) {
    put_close(*end_frame_, turn);
  }
}

// The client may go on sending until it has seen our Close. Its bytes are read and dropped: a
// socket closed over unread bytes resets the connection, and the Close could be lost with it.
void Relay::discard_client(RelayTurn& turn) {
  for (int reads = 0; client_.can_read() && phase_ != Phase::kEnded; ++reads) {
    if (reads == kReadsPerTurnMax) {
      unfinished_ = true;
      return;
    }
    const auto bytes = read_on(client_, up_, turn.buffer);
    if (!bytes.empty() && !up_.faulted()) up_.walk(bytes);
  }
}

void Relay::settle(RelayTurn& turn) {
  if (phase_ == Phase::kOpen) settle_open(turn);
  if (phase_ == Phase::kBrowserLost && client_.ended()) end(kBetweenThem);
  if (phase_ == Phase::kBrowserLost && up_.closed()) expire(turn);
  if (phase_ == Phase::kEnding && (browser_.ended() || client_.ended())) end(kCut);
  if (phase_ != Phase::kClosing) return;
  if (client_.ended() || (client_.clear() && up_.closed())) return end(end_code_);
  // After a fault the client's answer cannot be told from its other bytes, but its end can.
  if (client_.clear() && up_.faulted() && !client_shut_) {
    client_.shut_writing();
    client_shut_ = true;
  }
}

void Relay::settle_open(RelayTurn& turn) {
  if (browser_.ended() && client_.clear()) return browser_gone(turn);
  if (up_.closed() && down_.closed() && client_.clear() && browser_.clear()) {
    return end(kBetweenThem);
  }
  if (client_.ended() && browser_.clear() && !client_shut_) client_gone();
  const bool leaving = up_.closed() || down_.closed() || client_.ended();
  if (leaving && !is_timed()) end_by_ = turn.now + turn.limits.close_grace;
}

// A worker takes a connection that ends without a Close for one whose gateway died, and gives its
// client time to come back. So a client that vanished is said to have left.
void Relay::client_gone() {
  const bool can_say_so = endpoint_ == RelayEndpoint::kWorker && up_.at_boundary();
  if (can_say_so && !up_.closed()) browser_.write(bytes_of(encode_client_close(1001)));
  browser_.shut_writing();
  client_shut_ = true;
}

void Relay::browser_gone(RelayTurn& turn) {
  if (client_.ended()) return end(kBetweenThem);
  if (down_.closed()) return await_client(kBetweenThem, turn);
  if (up_.closed() && !down_.at_boundary()) return end(kCut);
  // Chromium drops TCP without a Close after Browser.close, and may after a client's Close.
  if (up_.closed()) return put_close(CloseFrame{}, turn);
  if (endpoint_ == RelayEndpoint::kWorker) return start_end(lost_frame(), turn);
  phase_ = Phase::kBrowserLost;
  end_by_ = turn.now + turn.limits.browser_end_grace;
}

void Relay::start_end(CloseFrame frame, RelayTurn& turn) {
  if (down_.at_boundary()) return put_close(frame, turn);
  // An incomplete frame cannot be ended validly, and nobody is left to complete it.
  if (browser_.ended()) return end(kCut);
  phase_ = Phase::kEnding;
  end_frame_ = std::make_unique<CloseFrame>(std::move(frame));
  end_by_ = turn.now + turn.limits.close_grace;
}

void Relay::put_close(const CloseFrame& frame, RelayTurn& turn) {
  to_client(bytes_of(encode_close(frame)), turn);
  await_client(frame.code, turn);
}

void Relay::await_client(int code, RelayTurn& turn) {
  phase_ = Phase::kClosing;
  end_code_ = static_cast<std::uint16_t>(code);
  end_by_ = turn.now + turn.limits.close_grace;
  end_frame_.reset();
  browser_.shut();
}

void Relay::tick(RelayTurn& turn) {
  if (turn.now >= end_by_) return expire(turn);
  if (phase_ != Phase::kOpen) return;
  const bool browser_is_stuck = client_.hung_up() && !browser_.clear();
  if (browser_is_stuck && !is_timed()) end_by_ = turn.now + turn.limits.close_grace;
  if (is_timed()) return;
  const Duration silence = turn.now - last_to_client_;
  if (!client_.clear()) {
    if (silence >= turn.limits.slow_reader_max) start_end({4003, "slow_reader"}, turn);
  } else if (silence >= turn.limits.ping_after_silence && down_.at_boundary()) {
    to_client(bytes_of(encode_ping()), turn);
    last_to_client_ = turn.now;
  }
}

void Relay::expire(RelayTurn& turn) {
  switch (phase_) {
    case Phase::kOpen:
      if (!up_.closed() || down_.closed() || !down_.at_boundary()) return end(kBetweenThem);
      put_close(CloseFrame{}, turn);
      return settle(turn);
    case Phase::kBrowserLost:
      if (!down_.at_boundary()) return end(kCut);
      put_close(lost_frame(), turn);
      return settle(turn);
    case Phase::kEnding:
      return end(kCut);
    case Phase::kClosing:
      return end(client_.clear() ? end_code_ : kCut);
    case Phase::kEnded:
      return;
  }
}

void Relay::give_up(RelayTurn& turn) {
  expire(turn);
  if (!ended()) end(phase_ == Phase::kClosing && client_.clear() ? end_code_ : kCut);
}

CloseFrame Relay::lost_frame() const {
  switch (endpoint_) {
    case RelayEndpoint::kBrowser:
      break;
    case RelayEndpoint::kPage:
      return {1000, "target_closed"};
    case RelayEndpoint::kWorker:
      return {1014, "worker_lost"};
  }
  return {1011, "browser_connection_lost"};
}

void Relay::to_client(std::span<const std::byte> bytes, RelayTurn& turn) {
  const bool was_clear = client_.clear();
  const std::size_t sent = client_.write(bytes);
  // The time of a slow reader begins when it first refuses.
  if (sent > 0 || (was_clear && !client_.clear())) last_to_client_ = turn.now;
}

void Relay::end(int code) {
  phase_ = Phase::kEnded;
  end_code_ = static_cast<std::uint16_t>(code);
}

}  // namespace pbaas::net
