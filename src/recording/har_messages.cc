#include "recording/har_messages.h"

#include <algorithm>
#include <cmath>

namespace pbaas::recording {
namespace {

namespace json = boost::json;

constexpr int kTextOpcode = 1;

bool has_room(Exchange& exchange, std::size_t bytes, const MessageLimits& limits) {
  if (exchange.messages.size() < kMessagesMax &&
      exchange.message_bytes + bytes <= kMessageBytesTotalMax &&
      bytes + kMessageOverheadBytes <= limits.bytes_left) {
    return true;
  }
  ++exchange.dropped_messages;
  return false;
}

double unix_seconds(const json::object& event, const MessageLimits& limits) {
  const double at = number_of(event, "timestamp", 0) + limits.wall_offset;
  return std::round(at * 1e6) / 1e6;
}

// `named` is what its name and id take.
std::size_t add(Exchange& exchange, json::object message, std::string data, bool with_data,
                std::size_t named = 0) {
  message["length"] = data.size();
  const auto kept = named + (with_data ? std::min(data.size(), kMessageBytesMax) : 0);
  if (with_data) {
    if (data.size() > kMessageBytesMax) message["cut"] = true;
    message["data"] = valid_prefix(data, kMessageBytesMax);
  }
  exchange.message_bytes += kept;
  exchange.messages.push_back(std::move(message));
  return kept + kMessageOverheadBytes;
}

}  // namespace

std::size_t add_frame(Exchange& exchange, Direction direction, const json::object& event,
                      const MessageLimits& limits, const Redactor& redactor) {
  const auto& frame = object_of(event, "response");
  auto data = text_of(frame, "payloadData");
  // Longer than the pipe hands over, so that its bytes are not here.
  const double cut_bytes = number_of(frame, "cutBytes", 0);
  const int opcode = static_cast<int>(number_of(frame, "opcode", 0));
  // Whatever it is, a secret may be in it: MQTT's first message has its password.
  const bool is_hidden =
      direction == Direction::kSent && opcode != kTextOpcode && redactor.hides_binary();
  const bool with_data = limits.with_data && cut_bytes == 0 && !is_hidden;
  const auto bytes = with_data ? std::min(data.size(), kMessageBytesMax) : 0;
  if (!has_room(exchange, bytes, limits)) return 0;
  if (opcode == kTextOpcode && with_data) data = redactor.message(data);
  json::object message{{"type", direction == Direction::kSent ? "send" : "receive"},
                       {"time", unix_seconds(event, limits)},
                       {"opcode", opcode}};
  const auto added = add(exchange, std::move(message), std::move(data), with_data);
  if (cut_bytes > 0) exchange.messages.back().as_object()["length"] = cut_bytes;
  return added;
}

std::size_t add_server_event(Exchange& exchange, const json::object& event,
                             const MessageLimits& limits, const Redactor& redactor) {
  auto data = text_of(event, "data");
  const auto name = text_of(event, "eventName");
  const auto id = text_of(event, "eventId");
  const auto kept_name = valid_prefix(name, kMessageNameBytesMax);
  const auto kept_id = valid_prefix(id, kMessageNameBytesMax);
  const auto named = kept_name.size() + kept_id.size();
  const auto bytes = limits.with_data ? std::min(data.size(), kMessageBytesMax) : 0;
  if (!has_room(exchange, named + bytes, limits)) return 0;
  if (limits.with_data) data = redactor.message(data);
  json::object message{
      {"time", unix_seconds(event, limits)}, {"eventName", kept_name}, {"eventId", kept_id}};
  return add(exchange, std::move(message), std::move(data), limits.with_data, named);
}

}  // namespace pbaas::recording
