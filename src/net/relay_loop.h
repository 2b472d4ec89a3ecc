// A RelayLoop is one thread of the pool with its own epoll, and the relays that live and die there.
// Other threads only post to it. There is no lock on the way of a byte.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "net/relay.h"

namespace pbaas::net {

class RelayLoop {
 public:
  // `name` is the thread's, at most 15 bytes. Throws std::system_error where the kernel has no
  // descriptors left.
  RelayLoop(const std::string& name, const Clock& clock, const RelayLimits& limits);
  // Ends every relay with 1012, waits for their clients at most close_grace, and joins.
  ~RelayLoop();

  // Begins what the destructor waits for. From any thread.
  void stop();
  // From any thread.
  void start(RelayStart start);
  void close(std::uint64_t relay, CloseFrame frame);
  std::size_t open() const { return open_.load(std::memory_order_relaxed); }
  const RelayTally& tally() const { return tally_; }

 private:
  struct Member;
  // What other threads ask for: a new relay, or the end of one.
  struct Posted {
    std::uint64_t relay;
    std::optional<RelayStart> start;
    CloseFrame close;
  };

  void post(Posted posted);
  void wake();

  void watch_own(const UniqueFd& fd, std::uint64_t tag);
  void run();
  void dispatch(std::uint64_t tag, std::uint32_t events);
  bool finished() const;
  void handle_posted();
  void adopt(std::uint64_t id, RelayStart start);
  bool watch(Member& member);
  void resume_unfinished();
  void set_ticking(bool on);
  void tick_all();
  void end_all();
  void note_state(Member& member);
  void bury_ended();
  void remove(std::uint64_t id);
  RelayTurn turn();

  const Clock& clock_;
  const RelayLimits limits_;
  UniqueFd epoll_;
  UniqueFd wake_;
  UniqueFd ticker_;
  std::atomic<std::size_t> open_{0};
  std::atomic<std::uint64_t> next_id_{1};
  std::atomic<bool> stopping_{false};
  RelayTally tally_;

  // Posts are rare, a start or an end of a relay: a mutex around a vector is all they need.
  std::mutex posted_mutex_;
  std::vector<Posted> posted_;

  // The thread's own.
  std::unordered_map<std::uint64_t, std::unique_ptr<Member>> members_;
  std::vector<Member*> unfinished_;
  std::vector<std::uint64_t> ended_;  // kept until no event of this round can name them
  std::vector<std::byte> buffer_;
  Instant now_;
  bool ticking_ = false;
  // A join waits in real time, whatever the Clock says.
  std::optional<std::chrono::steady_clock::time_point> stop_by_;

  std::thread thread_;
};

}  // namespace pbaas::net
