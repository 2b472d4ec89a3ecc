#include "browser/pipe_messages.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace pbaas::browser {
namespace {

constexpr std::string_view kEventStart = R"({"method":)";
constexpr std::string_view kAnswerStart = R"({"id":)";
constexpr std::string_view kSessionField = R"(,"sessionId":")";
constexpr std::string_view kEnd = R"("})";

void keep_end(std::string& text, std::size_t bytes) {
  if (text.size() > bytes) text.erase(0, text.size() - bytes);
}

}  // namespace

bool PipeFramer::take(std::string_view bytes, const OnMessage& on_message) {
  while (!bytes.empty()) {
    const auto end = bytes.find('\0');
    append(bytes.substr(0, end));
    if (bytes_ > (cuts_ ? kPipeMessageBytesMax : kPipeOwnMessageBytesMax)) return false;
    if (end == std::string_view::npos) return true;
    bytes.remove_prefix(end + 1);
    if (!on_message(finish())) return true;
  }
  return true;
}

void PipeFramer::append(std::string_view bytes) {
  bytes_ += bytes.size();
  if (cutting_) {
    tail_.append(bytes);
    return keep_end(tail_, kPipeCutTailBytes);
  }
  text_.append(bytes);
  if (!cuts_ || text_.size() <= kPipeEventBytesMax || !text_.starts_with(kEventStart)) return;
  cutting_ = true;
  tail_.assign(text_, text_.size() - kPipeCutTailBytes);
  text_.resize(kPipeCutHeadBytes);
  text_.shrink_to_fit();
}

PipeMessage PipeFramer::finish() {
  PipeMessage message{std::exchange(text_, {}), std::exchange(bytes_, 0)};
  message.text += std::exchange(tail_, {});
  cutting_ = false;
  return message;
}

std::string_view session_of(std::string_view message) {
  if (!message.ends_with(kEnd)) return {};
  message.remove_suffix(kEnd.size());
  const auto quote = message.rfind('"');
  if (quote == std::string_view::npos) return {};
  const auto id = message.substr(quote + 1);
  return message.substr(0, quote + 1).ends_with(kSessionField) ? id : std::string_view();
}

std::optional<std::int64_t> answered_id(std::string_view message) {
  if (!message.starts_with(kAnswerStart)) return std::nullopt;
  message.remove_prefix(kAnswerStart.size());
  std::int64_t id = 0;
  const auto read = std::from_chars(message.data(), message.data() + message.size(), id);
  if (read.ec != std::errc()) return std::nullopt;
  return id;
}

}  // namespace pbaas::browser
