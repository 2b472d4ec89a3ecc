// What is kept of the messages of a WebSocket or an event stream, in Chrome's own form, within
// limits. Pure; any thread.
#pragma once

#include "recording/har_exchange.h"

namespace pbaas::recording {

inline constexpr std::size_t kMessagesMax = 2000;              // of one connection
inline constexpr std::size_t kMessageBytesMax = 64 * 1024;     // of one message
inline constexpr std::size_t kMessageBytesTotalMax = 1 << 20;  // of one connection
// Of an event stream's message, each of its name and its id.
inline constexpr std::size_t kMessageNameBytesMax = 1024;
// What one takes besides its data.
inline constexpr std::size_t kMessageOverheadBytes = 512;

enum class Direction { kSent, kReceived };

struct MessageLimits {
  bool with_data = false;
  double wall_offset = 0;
  std::size_t bytes_left = 0;  // that the messages of all connections together may still take
};

// Both give how many bytes more are kept; 0: it is dropped, and counted.
std::size_t add_frame(Exchange& exchange, Direction direction, const boost::json::object& event,
                      const MessageLimits& limits, const Redactor& redactor);
std::size_t add_server_event(Exchange& exchange, const boost::json::object& event,
                             const MessageLimits& limits, const Redactor& redactor);

}  // namespace pbaas::recording
