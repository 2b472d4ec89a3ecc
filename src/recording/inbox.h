// Messages on their way from the loop to a recording's thread: bounded, and never waited for by the
// loop. The one mutex of this layer is its own, since two threads meet here.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/clock.h"
#include "browser/pipe_messages.h"

namespace pbaas::recording {

inline constexpr std::size_t kInboxBytesMax = 64u << 20;
inline constexpr std::size_t kInboxMessagesMax = 50'000;
// So many are urgent however they were put: hundredths of what there is room for, so that a flood
// is read as it comes.
inline constexpr std::size_t kInboxMessagesAlong = 500;
inline constexpr std::size_t kInboxBytesAlong = 1u << 20;

// kAlong: it wakes nobody, and is taken with the next that does, or when a wait is over.
enum class Urgency : std::uint8_t { kNow, kAlong };

class Inbox {
 public:
  struct Taken {
    std::vector<browser::PipeMessage> messages;
    std::uint64_t lost = 0;  // since the last taking
    bool is_closed = false;
    bool is_asked_to_stop = false;
    bool was_urgent = false;  // else the time was over
  };

  // Loses the message where there is no room.
  void put(browser::PipeMessage message, Urgency urgency);
  // Nothing comes after it.
  void close();
  // What is under way may still come.
  void ask_to_stop();
  // Waits for what is urgent, or the end, until the time is over; gives all there is.
  Taken take(Duration wait);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<browser::PipeMessage> messages_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_ = 0;
  bool is_closed_ = false;
  bool is_asked_to_stop_ = false;
  bool is_urgent_ = false;
};

}  // namespace pbaas::recording
