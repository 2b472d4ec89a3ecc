// The messages in the byte stream of a browser's pipe, each ended by a NUL byte, and what can be
// said of one without parsing it. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace pbaas::browser {

// Chromium sends no more (kSendBufferSizeForDevTools); longer is a broken stream.
inline constexpr std::size_t kPipeMessageBytesMax = 256u << 20;
// Without a reader of events there are but the few short answers and events that the service asks
// for itself; longer is the work of a browser that somebody has taken over.
inline constexpr std::size_t kPipeOwnMessageBytesMax = 4u << 20;
// A longer event is cut where its reader can do with that: a page decides how long one is.
inline constexpr std::size_t kPipeEventBytesMax = 16u << 20;
// What is kept of an event that is cut: its head, and its end with the session's id.
inline constexpr std::size_t kPipeCutHeadBytes = 4096;
inline constexpr std::size_t kPipeCutTailBytes = 512;

struct PipeMessage {
  std::string text;
  std::size_t bytes = 0;  // as sent; more than the text has where it was cut
  bool is_cut() const { return bytes > text.size(); }
};

class PipeFramer {
 public:
  using OnMessage = std::function<bool(PipeMessage message)>;

  // Whether there is a reader of events: those beyond kPipeEventBytesMax are cut for it, from the
  // next message on.
  void cut_events(bool cut) { cuts_ = cut; }
  // Gives each message that is complete, until the callback says false. False: a message is longer
  // than Chromium sends, and the stream of no more use.
  bool take(std::string_view bytes, const OnMessage& on_message);

 private:
  void append(std::string_view bytes);
  PipeMessage finish();

  bool cuts_ = false;
  bool cutting_ = false;
  std::size_t bytes_ = 0;
  std::string text_;
  std::string tail_;
};

// The id of the flattened session that the message belongs to; empty: the browser's own. Chromium
// writes it last, and a page cannot say it: quotes inside of strings are escaped.
std::string_view session_of(std::string_view message);
// The number of the call that the message answers.
std::optional<std::int64_t> answered_id(std::string_view message);

}  // namespace pbaas::browser
