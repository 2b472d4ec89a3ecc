// Messages on their way from the loop to a recording's thread: bounded, and never waited for by the
// loop. The one mutex of this layer is its own, since two threads meet here.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "browser/pipe_messages.h"

namespace pbaas::recording {

inline constexpr std::size_t kInboxBytesMax = 64u << 20;
inline constexpr std::size_t kInboxMessagesMax = 50'000;
// From so many on nothing waits for company.
inline constexpr std::size_t kInboxMessagesGathered = 500;
inline constexpr std::size_t kInboxBytesGathered = 1u << 20;

// Whether the end of a request is answered to, with a question for its body.
enum class AskBodies : std::uint8_t { kNo, kYes };

class Inbox {
 public:
  struct Taken {
    std::vector<browser::PipeMessage> messages;
    std::uint64_t lost = 0;  // since the last taking
    bool is_closed = false;
    bool is_asked_to_stop = false;
  };

  explicit Inbox(AskBodies bodies) : bodies_(bodies) {}

  // Loses the message where there is no room.
  void put(browser::PipeMessage message);
  // Nothing comes after it.
  void close();
  // What is under way may still come.
  void ask_to_stop();
  // Waits for messages, or the end, until the time is over. What nobody answers to, such as the
  // events of a request on its way, wakes nobody: it is taken along, or when the time is over.
  Taken take(Duration wait);

 private:
  bool is_worth_waking(std::string_view text) const;

  const AskBodies bodies_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<browser::PipeMessage> messages_;
  std::size_t bytes_ = 0;
  std::uint64_t lost_ = 0;
  bool is_closed_ = false;
  bool is_asked_to_stop_ = false;
  bool has_news_ = false;
};

}  // namespace pbaas::recording
