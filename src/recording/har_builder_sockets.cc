// The part of the HarBuilder that hears of WebSockets and event streams.
#include <algorithm>

#include "recording/har_builder.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

// What kWebSocket handshakes are in Chromium, whatever the page says.
constexpr const char* kType = "websocket";

}  // namespace

void HarBuilder::socket_created(Event& event) {
  const auto url = text_of(event.params, "url");
  if (!is_recordable(url)) return;
  auto& chain = chains_[text_of(event.params, "requestId")];
  chain.touched = event.now;
  if (chain.last()) return;
  auto& exchange = push(chain, event, url).exchange;
  exchange.is_websocket = true;
  exchange.type = kType;
  exchange.request["method"] = "GET";
  const auto& initiator = object_of(event.params, "initiator");
  exchange.initiator_type = text_of(initiator, "type");
  exchange.initiator_url = text_of(initiator, "url");
  add_page(exchange, event);
  hold(chain, weight_of(event.params));
}

void HarBuilder::socket_handshake_sent(Event& event) {
  auto* hop = current(event);
  if (!hop || !hop->exchange.is_websocket) return;
  auto& exchange = hop->exchange;
  exchange.started = number_of(event.params, "timestamp", latest_);
  exchange.request["headers"] = object_of(object_of(event.params, "request"), "headers");
  write(as_it_is(exchange, exchange.started));
}

void HarBuilder::socket_handshake_answered(Event& event) {
  auto* hop = current(event);
  if (!hop || !hop->exchange.is_websocket) return;
  auto& exchange = hop->exchange;
  exchange.responded = number_of(event.params, "timestamp", latest_);
  auto response = object_of(event.params, "response");
  const auto& sent = object_of(response, "requestHeaders");
  if (!sent.empty()) exchange.sent = headers_from(sent);
  exchange.received = headers_from(object_of(response, "headers"));
  exchange.received_head_bytes = text_of(response, "headersText").size();
  response["protocol"] = "http/1.1";
  exchange.response = std::move(response);
}

MessageLimits HarBuilder::message_limits() const {
  return {options_.bodies != session::HarBodies::kNone, wall_offset_,
          kOpenMessageBytesMax - std::min(kOpenMessageBytesMax, message_bytes_)};
}

void HarBuilder::hold_message(HarChain& chain, std::size_t bytes) {
  hold(chain, bytes);
  chain.message_bytes += bytes;
  message_bytes_ += bytes;
}

void HarBuilder::add_message(Event& event, Direction direction) {
  auto* hop = current(event);
  if (!hop) return;
  const auto taken = add_frame(hop->exchange, direction, event.params, message_limits(), redactor_);
  hold_message(chains_[hop->exchange.id], taken);
}

void HarBuilder::socket_sent(Event& event) {
  add_message(event, Direction::kSent);
}

void HarBuilder::socket_received(Event& event) {
  add_message(event, Direction::kReceived);
}

void HarBuilder::socket_error(Event& event) {
  if (auto* hop = current(event)) hop->exchange.failure = text_of(event.params, "errorMessage");
}

void HarBuilder::socket_closed(Event& event) {
  auto* hop = current(event);
  if (!hop || !hop->exchange.is_websocket) return;
  auto& exchange = hop->exchange;
  exchange.ended = std::max(exchange.started, number_of(event.params, "timestamp", latest_));
  settle(exchange.id, true);
}

void HarBuilder::server_event(Event& event) {
  auto* hop = current(event);
  if (!hop) return;
  const auto taken = add_server_event(hop->exchange, event.params, message_limits(), redactor_);
  hold_message(chains_[hop->exchange.id], taken);
}

}  // namespace pbaas::recording
