// What all relays of a pool moved and how they ended, for the metrics. A RelayTally is written by
// one relay thread and read by any; RelayTotals is a sum of such at one moment.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>

namespace pbaas::net {

struct RelayTotals {
  std::uint64_t messages_up = 0;
  std::uint64_t messages_down = 0;
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  // Ended relays by the close code this relay sent. Two codes that RFC 6455 §7.4.1 keeps off the
  // wire stand for the rest: 1005, client and browser ended it between them; 1006, it was cut
  // without a Close. 0 counts codes outside the list of tracked ones.
  std::map<int, std::uint64_t> ends;
};

class RelayTally {
 public:
  void count_up(std::uint64_t bytes, std::uint64_t messages) {
    add(bytes_up_, bytes);
    add(messages_up_, messages);
  }
  void count_down(std::uint64_t bytes, std::uint64_t messages) {
    add(bytes_down_, bytes);
    add(messages_down_, messages);
  }
  void count_end(int code) { add(ends_[place_of(code)], 1); }

  void add_to(RelayTotals& totals) const {
    totals.messages_up += messages_up_.load(std::memory_order_relaxed);
    totals.messages_down += messages_down_.load(std::memory_order_relaxed);
    totals.bytes_up += bytes_up_.load(std::memory_order_relaxed);
    totals.bytes_down += bytes_down_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < kCodes.size(); ++i) {
      totals.ends[kCodes[i]] += ends_[i].load(std::memory_order_relaxed);
    }
  }

 private:
  using Counter = std::atomic<std::uint64_t>;

  static constexpr std::array kCodes{0,    1000, 1001, 1002, 1003, 1005, 1006,
                                     1009, 1011, 1012, 1014, 4000, 4001, 4003};

  static std::size_t place_of(int code) {
    for (std::size_t i = 0; i < kCodes.size(); ++i) {
      if (kCodes[i] == code) return i;
    }
    return 0;
  }
  // One thread writes, so a load and a store do without the locked instruction of fetch_add.
  static void add(Counter& counter, std::uint64_t n) {
    counter.store(counter.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
  }

  Counter messages_up_{0};
  Counter messages_down_{0};
  Counter bytes_up_{0};
  Counter bytes_down_{0};
  std::array<Counter, kCodes.size()> ends_{};
};

}  // namespace pbaas::net
