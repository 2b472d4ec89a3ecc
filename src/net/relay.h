// A Relay moves bytes between one client and one browser, and sees to it that whatever ends the
// connection, the client gets a valid WebSocket end with a reason. It belongs to one RelayLoop and
// is touched by that loop's thread alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "base/clock.h"
#include "net/frame_walker.h"
#include "net/relay_group.h"
#include "net/relay_pool.h"
#include "net/relay_side.h"
#include "net/relay_totals.h"

namespace pbaas::net {

// What a loop lends a relay for one turn: nothing of it is kept.
struct RelayTurn {
  static constexpr std::size_t kReadBytes = 64 * 1024;

  std::span<std::byte> buffer;  // kReadBytes and room for a held header
  Instant now;
  const RelayLimits& limits;
  RelayTally& tally;
};

class Relay {
 public:
  enum class Side { kClient, kBrowser };

  Relay(RelayStart start, const RelayLimits& limits, Instant now);

  int fd(Side side) const { return side == Side::kClient ? client_.fd() : browser_.fd(); }
  const std::shared_ptr<RelayGroup>& group() const { return group_; }

  // Sends what was read beyond the heads. Once, before the rest.
  void begin(RelayTurn& turn, std::string to_browser, std::string to_client);
  void ready(Side side, std::uint32_t events, RelayTurn& turn);
  // Goes on where a turn was cut short.
  void resume(RelayTurn& turn) { pump(turn); }
  // Looks at the time: pings, slow readers, ends that take too long.
  void tick(RelayTurn& turn);
  // Ends it at the next frame boundary with this Close.
  void close(const CloseFrame& frame, RelayTurn& turn);
  // Ends it now, whatever is still on its way.
  void give_up(RelayTurn& turn);

  // More can be moved at once, but others have their turn first.
  bool unfinished() const { return unfinished_ && !ended(); }
  bool ended() const { return phase_ == Phase::kEnded; }
  // Once ended: as in RelayTotals::ends.
  int end_code() const { return end_code_; }
  // The client said that it leaves, by a Close.
  bool client_closed() const { return up_.closed(); }

 private:
  enum class Phase : std::uint8_t {
    kOpen,         // Bytes pass both ways. A Close or an end of the client's has a deadline.
    kBrowserLost,  // The browser left without a Close: its owner has a moment to say why.
    kEnding,       // The Close is known, and waits for the frame that is passing to end.
    kClosing,      // A Close is on its way to the client, whose answer is awaited.
    kEnded
  };

  void pump(RelayTurn& turn);
  void flush(RelayTurn& turn);
  void carry_up(RelayTurn& turn);
  void carry_down(RelayTurn& turn);
  void forward_up(std::span<const std::byte> bytes, RelayTurn& turn);
  void forward_down(std::span<const std::byte> bytes, RelayTurn& turn);
  void discard_client(RelayTurn& turn);
  void settle(RelayTurn& turn);
  void settle_open(RelayTurn& turn);
  void client_gone();
  void browser_gone(RelayTurn& turn);
  void expire(RelayTurn& turn);
  void start_end(CloseFrame frame, RelayTurn& turn);
  void put_close(const CloseFrame& frame, RelayTurn& turn);
  void await_client(int code, RelayTurn& turn);
  void end(int code);
  void to_client(std::span<const std::byte> bytes, RelayTurn& turn);
  CloseFrame lost_frame() const;
  bool is_timed() const { return end_by_ != Instant::max(); }

  RelaySide client_;
  RelaySide browser_;
  FrameWalker up_;
  FrameWalker down_;
  std::shared_ptr<RelayGroup> group_;
  std::optional<RelaySeat> seat_;
  std::unique_ptr<CloseFrame> end_frame_;  // while kEnding
  Instant end_by_ = Instant::max();
  Instant last_to_client_;  // when the client last took a byte
  RelayEndpoint endpoint_;
  Phase phase_ = Phase::kOpen;
  bool unfinished_ = false;
  bool client_shut_ = false;
  std::uint16_t end_code_ = 0;
};

}  // namespace pbaas::net
