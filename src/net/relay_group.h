// A RelayGroup is all relays of one session: what they counted together, and the one way to end
// them. Thread-safe: relays report from their own threads, the session's owner reads and closes
// from the loop. Held by shared_ptr, because a relay may outlive the session's owner by the time
// its Close takes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace pbaas::net {

struct CloseFrame {
  std::uint16_t code = 1000;
  std::string reason;  // at most 123 bytes, RFC 6455 §5.5
};

struct RelayCounters {
  std::atomic<std::uint64_t> messages_up{0};
  std::atomic<std::uint64_t> messages_down{0};
  std::atomic<std::uint64_t> bytes_up{0};
  std::atomic<std::uint64_t> bytes_down{0};
};

class RelayLoop;

class RelayGroup {
 public:
  static constexpr int kRelaysPerGroupMax = 64;

  // `on_last_left` is called, from a relay's thread or the loop, each time nobody is left. Somebody
  // may have come by the time it is heard of: look at open().
  explicit RelayGroup(const Clock& clock, std::function<void()> on_last_left = {});

  const RelayCounters& counters() const { return counters_; }
  // When data of any client last passed, be it a part of a long message; the group's creation
  // before the first. Pings and pongs do not count.
  Instant last_client_message() const;
  // Client connections: relays from RelayPool::start to their end, and handshakes that hold a seat.
  int open() const;
  // Sends each relay's client this Close at the next frame boundary, and ends the relay. Later
  // joiners get it at once. Only the first call counts: a session has one ending.
  void close_all(CloseFrame frame);
  // What close_all was told, if it was.
  std::optional<CloseFrame> closing() const;

  // Whether all clients that left since the last one came said so by a Close.
  bool left_by_close() const { return left_by_close_.load(std::memory_order_relaxed); }

  // Whether a client sent Browser.close, as far as it was seen (net/close_request.h).
  bool close_asked() const { return close_asked_.load(std::memory_order_relaxed); }
  void note_close_asked() { close_asked_.store(true, std::memory_order_relaxed); }

  // For relays and their loops. A relay is named by its loop and the number it has there.
  void join(RelayLoop& loop, std::uint64_t relay);
  void leave(RelayLoop& loop, std::uint64_t relay, bool by_close);
  void count_up(std::uint64_t bytes, std::uint64_t messages);
  void note_client_data(Instant now);
  void count_down(std::uint64_t bytes, std::uint64_t messages);

 private:
  friend class RelaySeat;
  struct Member {
    RelayLoop* loop;
    std::uint64_t relay;
    bool operator==(const Member&) const = default;
  };

  std::function<void()> on_last_left_;
  RelayCounters counters_;
  std::atomic<Instant> last_client_message_;
  std::atomic<int> seats_{0};
  std::atomic<bool> close_asked_{false};
  std::atomic<bool> left_by_close_{true};

  // Joining, leaving and closing come from different threads, and a member's loop must not go away
  // while close_all posts to it: one mutex serves both. No byte passes under it.
  mutable std::mutex mutex_;
  std::vector<Member> members_;
  std::optional<CloseFrame> closing_;
};

// A RelaySeat is room for one more relay in a group: taken before the handshake with the browser,
// so that a client too many is refused while HTTP can still say so. Move-only; destroying it gives
// the room back.
class RelaySeat {
 public:
  // Nothing when all kRelaysPerGroupMax are taken.
  static std::optional<RelaySeat> take(std::shared_ptr<RelayGroup> group);

  RelaySeat(RelaySeat&&) noexcept = default;
  RelaySeat& operator=(RelaySeat&& other) noexcept;
  ~RelaySeat();

 private:
  explicit RelaySeat(std::shared_ptr<RelayGroup> group) : group_(std::move(group)) {}
  std::shared_ptr<RelayGroup> group_;
};

}  // namespace pbaas::net
