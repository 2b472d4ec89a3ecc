#include "recording/har_chain.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

void take_sent(json::object event, Exchange& exchange) {
  exchange.sent = headers_from(object_of(event, "headers"));
}

void take_received(json::object event, Exchange& exchange) {
  exchange.received = headers_from(object_of(event, "headers"));
  exchange.true_status = static_cast<int>(number_of(event, "statusCode", 0));
  exchange.received_head_bytes = text_of(event, "headersText").size();
}

}  // namespace

// A hop that was answered from a cache or by a service worker has no such events, and says so; so
// the next of each kind is always that of the first hop that has.
bool HarChain::pair(HarHop& hop, bool force) {
  const bool failed_early = !hop.exchange.response;
  const bool wants = hop.has_extra || failed_early;
  if (!wants) return true;
  const bool is_there = !sent_.empty() && !received_.empty();
  if (!is_there && !failed_early && !force) return false;
  if (!sent_.empty()) {
    take_sent(std::move(sent_.front()), hop.exchange);
    sent_.pop_front();
  }
  if (!received_.empty()) {
    take_received(std::move(received_.front()), hop.exchange);
    received_.pop_front();
  }
  return true;
}

std::optional<Exchange> HarChain::take_complete(bool force) {
  if (hops.empty()) return std::nullopt;
  auto& hop = hops.front();
  const bool has_ended = hop.exchange.ended > 0;
  if (!has_ended || (hop.body_pending && !force)) return std::nullopt;
  if (!pair(hop, force)) return std::nullopt;
  Exchange exchange = std::move(hop.exchange);
  hops.erase(hops.begin());
  has_ended_ = true;
  return exchange;
}

}  // namespace pbaas::recording
