#include "recording/har_builder.h"

#include <algorithm>
#include <array>

#include "recording/body_choice.h"
#include "recording/har_entry.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 4> kSchemes{"http://", "https://", "ws://", "wss://"};

bool became_download(const Exchange& exchange) {
  if (exchange.type != "Document" || !exchange.response) return false;
  const auto headers = headers_from(object_of(*exchange.response, "headers"));
  return header_value(headers, "content-disposition").starts_with("attachment");
}

}  // namespace

HarBuilder::HarBuilder(session::HarOptions options, HarSink& sink, double wall, Instant now)
    : options_(std::move(options)),
      sink_(sink),
      wall_at_zero_(wall - monotonic_seconds(now)),
      redactor_(options_),
      pages_(redactor_, [this](const json::object& page) { sink_.page(page); }) {}

const std::map<std::string, HarBuilder::OnEvent>& HarBuilder::events() {
  static const std::map<std::string, OnEvent> kEvents{
      {"Network.requestWillBeSent", &HarBuilder::will_be_sent},
      {"Network.requestWillBeSentExtraInfo", &HarBuilder::sent_extra},
      {"Network.responseReceivedExtraInfo", &HarBuilder::received_extra},
      {"Network.responseReceived", &HarBuilder::response_received},
      {"Network.dataReceived", &HarBuilder::data_received},
      {"Network.requestServedFromCache", &HarBuilder::served_from_cache},
      {"Network.loadingFinished", &HarBuilder::loading_finished},
      {"Network.loadingFailed", &HarBuilder::loading_failed},
      {"Network.webSocketCreated", &HarBuilder::socket_created},
      {"Network.webSocketWillSendHandshakeRequest", &HarBuilder::socket_handshake_sent},
      {"Network.webSocketHandshakeResponseReceived", &HarBuilder::socket_handshake_answered},
      {"Network.webSocketFrameSent", &HarBuilder::socket_sent},
      {"Network.webSocketFrameReceived", &HarBuilder::socket_received},
      {"Network.webSocketFrameError", &HarBuilder::socket_error},
      {"Network.webSocketClosed", &HarBuilder::socket_closed},
      {"Network.eventSourceMessageReceived", &HarBuilder::server_event},
      {"Page.downloadWillBegin", &HarBuilder::download},
      {"Page.frameNavigated", &HarBuilder::frame_navigated},
      {"Page.domContentEventFired", &HarBuilder::content_loaded},
      {"Page.loadEventFired", &HarBuilder::loaded},
  };
  return kEvents;
}

void HarBuilder::event(const std::string& session, const std::string& method, json::object params,
                       Instant now) {
  const auto found = events().find(method);
  if (found == events().end()) return;
  Event event{session, params, now};
  note_time(event);
  (this->*found->second)(event);
  make_room();
}

// The time of day is asked once: it is not monotonic.
void HarBuilder::note_time(const Event& event) {
  const double at = number_of(event.params, "timestamp", 0);
  if (at <= 0) return;
  latest_ = std::max(latest_, at);
  if (wall_offset_ != 0) return;
  // An answer whose request we missed says no time of day, and may have waited to be read.
  wall_offset_ = number_of(event.params, "wallTime", wall_at_zero_ + at) - at;
}

// No event comes any more of what is under way there, if it is not told in another session.
void HarBuilder::detached(const std::string& session) {
  const auto gone = targets_.detached(session);
  if (gone.is_frame) return;
  for (auto chain = chains_.begin(); chain != chains_.end();) {
    const auto each = chain++;
    const auto* hop = each->second.last();
    if (!hop) continue;
    const bool is_of_page = !gone.page.empty() && hop->exchange.target == gone.page;
    if (is_of_page || hop->exchange.session == session) give_up(each);
  }
  if (!gone.page.empty()) pages_.forget(gone.page);
}

bool HarBuilder::is_recordable(const std::string& url) const {
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](std::string_view scheme) { return url.starts_with(scheme); });
}

void HarBuilder::will_be_sent(Event& event) {
  const auto url = text_of(object_of(event.params, "request"), "url");
  if (!is_recordable(url)) return;
  const auto id = text_of(event.params, "requestId");
  auto& chain = chains_[id];
  chain.touched = event.now;
  if (event.params.contains("redirectResponse")) {
    redirect(chain, event);
  } else if (chain.last()) {
    return;  // A frame's navigation is told in its parent's session and in its own.
  }
  hold(chain, weight_of(event.params));
  start(chain, event);
  settle(id, false);
}

// The same id again ends the hop before.
void HarBuilder::redirect(HarChain& chain, Event& event) {
  auto response = object_of(event.params, "redirectResponse");
  auto* hop = chain.last();
  if (!hop) {
    hop = &push(chain, event, text_of(response, "url"));
    hop->exchange.was_missed = true;
    hop->exchange.request["method"] = "GET";
  }
  auto& exchange = hop->exchange;
  exchange.responded = exchange.ended = number_of(event.params, "timestamp", latest_);
  exchange.redirect_url = text_of(object_of(event.params, "request"), "url");
  exchange.encoded_bytes = number_of(response, "encodedDataLength", -1);
  exchange.response = std::move(response);
  hop->has_extra = flag_of(event.params, "redirectHasExtraInfo");
}

void HarBuilder::start(HarChain& chain, Event& event) {
  const auto& request = object_of(event.params, "request");
  auto& exchange = push(chain, event, text_of(request, "url")).exchange;
  exchange.request = request;
  // The body once more, in another form.
  exchange.request.erase("postDataEntries");
  exchange.type = text_of(event.params, "type");
  exchange.priority = text_of(request, "initialPriority");
  const auto& initiator = object_of(event.params, "initiator");
  exchange.initiator_type = text_of(initiator, "type");
  exchange.initiator_url = text_of(initiator, "url");
  if (exchange.type == "Document") downloads_[text_of(request, "url")] = exchange.id;
  add_page(exchange, event);
  write(as_it_is(exchange, exchange.started));
}

HarHop& HarBuilder::push(HarChain& chain, Event& event, const std::string& url) {
  auto& hop = add_hop(chain, event, url);
  heard(hop.exchange.id, hop.exchange.target, url);
  return hop;
}

HarHop& HarBuilder::add_hop(HarChain& chain, Event& event, const std::string& url) {
  auto& hop = chain.hops.emplace_back();
  hop.exchange.number = ++last_number_;
  hop.exchange.id = text_of(event.params, "requestId");
  hop.exchange.session = event.session;
  hop.exchange.target = targets_.page_target(event.session);
  hop.exchange.started = number_of(event.params, "timestamp", latest_);
  hop.exchange.request["url"] = url;
  return hop;
}

// A navigation has its loader's id as its request's.
void HarBuilder::add_page(Exchange& exchange, Event& event) {
  const auto target = targets_.page_target(event.session);
  const auto loader = text_of(event.params, "loaderId");
  const bool is_main = exchange.type == "Document" && loader == exchange.id &&
                       targets_.is_page(event.session) &&
                       text_of(event.params, "frameId") == target;
  const bool is_first_hop = !event.params.contains("redirectResponse");
  exchange.page = is_main && is_first_hop
                      ? pages_.open(target, loader, text_of(exchange.request, "url"),
                                    exchange.started, wall_offset_)
                      : pages_.page_of(target, loader);
}

void HarBuilder::sent_extra(Event& event) {
  const auto id = text_of(event.params, "requestId");
  auto& chain = chains_[id];
  chain.touched = event.now;
  hold(chain, weight_of(event.params));
  chain.add_sent(std::move(event.params));
  settle(id, false);
}

void HarBuilder::received_extra(Event& event) {
  const auto id = text_of(event.params, "requestId");
  auto& chain = chains_[id];
  chain.touched = event.now;
  hold(chain, weight_of(event.params));
  chain.add_received(std::move(event.params));
  settle(id, false);
}

HarHop* HarBuilder::current(Event& event) {
  const auto found = chains_.find(text_of(event.params, "requestId"));
  if (found == chains_.end()) return nullptr;
  found->second.touched = event.now;
  return found->second.last();
}

void HarBuilder::response_received(Event& event) {
  auto response = object_of(event.params, "response");
  if (!is_recordable(text_of(response, "url"))) return;
  auto* hop = current(event);
  if (!hop) {
    // The request went out before we listened: the response says most of it.
    auto& chain = chains_[text_of(event.params, "requestId")];
    hop = &push(chain, event, text_of(response, "url"));
    auto& missed = hop->exchange;
    missed.was_missed = true;
    missed.request["method"] = "GET";
    missed.request["headers"] = object_of(response, "requestHeaders");
    missed.type = text_of(event.params, "type");
    missed.started = number_of(object_of(response, "timing"), "requestTime", missed.started);
    add_page(missed, event);
  }
  auto& exchange = hop->exchange;
  hold(chains_[exchange.id], weight_of(response));
  exchange.session = event.session;
  exchange.responded = number_of(event.params, "timestamp", latest_);
  // One that was found is not over after all.
  exchange.ended = 0;
  hop->body_pending = false;
  if (exchange.type.empty() || exchange.type == "Other")
    exchange.type = text_of(event.params, "type");
  exchange.response = std::move(response);
  exchange.is_fulfilled = is_fulfilled(exchange);
  hop->has_extra = flag_of(event.params, "hasExtraInfo");
}

void HarBuilder::data_received(Event& event) {
  auto* hop = current(event);
  if (!hop) return;
  hop->exchange.decoded_bytes += number_of(event.params, "dataLength", 0);
  hop->exchange.received_bytes += number_of(event.params, "encodedDataLength", 0);
}

void HarBuilder::served_from_cache(Event& event) {
  if (auto* hop = current(event)) hop->exchange.from_memory_cache = true;
}

void HarBuilder::loading_finished(Event& event) {
  auto* hop = current(event);
  if (!hop || hop->exchange.is_websocket) return;
  auto& exchange = hop->exchange;
  exchange.ended = number_of(event.params, "timestamp", latest_);
  exchange.encoded_bytes = number_of(event.params, "encodedDataLength", -1);
  const auto id = exchange.id;
  if (wants_body(exchange)) {
    hop->body_pending = true;
    sink_.want_body(exchange.session, id);
  }
  settle(id, false);
}

void HarBuilder::loading_failed(Event& event) {
  auto* hop = current(event);
  if (!hop) return;
  auto& exchange = hop->exchange;
  exchange.ended = number_of(event.params, "timestamp", latest_);
  exchange.failure = text_of(event.params, "errorText");
  if (exchange.failure.empty()) exchange.failure = "net::ERR_FAILED";
  // A navigation that becomes a download is given up, and its body is told by nobody.
  exchange.is_download = exchange.is_download || became_download(exchange);
  if (exchange.is_download) exchange.failure.clear();
  exchange.blocked = text_of(event.params, "blockedReason");
  if (exchange.type.empty()) exchange.type = text_of(event.params, "type");
  if (exchange.encoded_bytes < 0 && exchange.received_bytes > 0 && exchange.response) {
    exchange.encoded_bytes =
        exchange.received_bytes + number_of(*exchange.response, "encodedDataLength", 0);
  }
  settle(exchange.id, false);
}

bool HarBuilder::wants_body(const Exchange& exchange) const {
  return !exchange.is_fulfilled && body_bytes_ < kBodyBytesTotalMax &&
         choose_body(options_, exchange);
}

void HarBuilder::body_arrived(const std::string& request_id, std::optional<Body> body,
                              Instant now) {
  const auto found = chains_.find(request_id);
  if (found == chains_.end() || !found->second.last()) return;
  found->second.touched = now;
  auto& hop = *found->second.last();
  hop.body_pending = false;
  if (body) {
    body_bytes_ += body->text.size();
    if (hop.exchange.decoded_bytes == 0) hop.exchange.decoded_bytes = double(decoded_size(*body));
    hop.exchange.body = cut_body(std::move(*body), options_.body_bytes_max);
  }
  settle(request_id, false);
}

void HarBuilder::download(Event& event) {
  const auto found = downloads_.find(text_of(event.params, "url"));
  if (found == downloads_.end()) return;
  const auto chain = chains_.find(found->second);
  if (chain == chains_.end() || !chain->second.last()) return;
  chain->second.last()->exchange.is_download = true;
}

void HarBuilder::content_loaded(Event& event) {
  pages_.on_content_load(targets_.page_target(event.session),
                         number_of(event.params, "timestamp", latest_));
}

void HarBuilder::loaded(Event& event) {
  pages_.on_load(targets_.page_target(event.session),
                 number_of(event.params, "timestamp", latest_));
}

void HarBuilder::write(const Exchange& exchange) {
  const auto at_us = static_cast<std::int64_t>((exchange.started + wall_offset_) * 1e6);
  sink_.entry(exchange.number, at_us, entry_json(exchange, wall_offset_, redactor_));
}

void HarBuilder::settle(const std::string& id, bool force) {
  const auto found = chains_.find(id);
  if (found == chains_.end()) return;
  auto& chain = found->second;
  while (auto exchange = chain.take_complete(force)) {
    if (!is_told(*exchange)) write(*exchange);
    if (exchange->type != "Document") continue;
    downloads_.erase(text_of(exchange->request, "url"));
  }
  if (chain.is_over()) erase(found);
}

void HarBuilder::hold(HarChain& chain, std::size_t bytes) {
  chain.bytes += bytes;
  open_bytes_ += bytes;
}

void HarBuilder::make_room() {
  while (chains_.size() > kOpenRequestsMax || open_bytes_ > kOpenBytesMax) {
    give_up(std::min_element(chains_.begin(), chains_.end(),
                             [](auto& a, auto& b) { return a.second.touched < b.second.touched; }));
  }
}

void HarBuilder::give_up(Chains::iterator chain) {
  const auto id = chain->first;
  settle(id, true);
  const auto found = chains_.find(id);
  if (found == chains_.end()) return;
  for (auto& hop : found->second.hops) write(as_it_is(hop.exchange, latest_));
  erase(found);
}

void HarBuilder::erase(Chains::iterator chain) {
  for (const auto& hop : chain->second.hops) {
    const auto document = downloads_.find(text_of(hop.exchange.request, "url"));
    if (document != downloads_.end() && document->second == chain->first)
      downloads_.erase(document);
  }
  open_bytes_ -= chain->second.bytes;
  message_bytes_ -= chain->second.message_bytes;
  chains_.erase(chain);
}

void HarBuilder::tick(Instant now) {
  std::vector<std::string> overdue;
  for (const auto& [id, chain] : chains_) {
    const bool waits = !chain.hops.empty() && chain.hops.back().body_pending;
    const bool has_ended = chain.hops.empty() || chain.hops.front().exchange.ended > 0;
    if (has_ended && now - chain.touched >= (waits ? kBodyWait : kExtraInfoWait))
      overdue.push_back(id);
  }
  for (const auto& id : overdue) {
    settle(id, true);
    const auto found = chains_.find(id);
    // Headers alone, of a request that we never heard of or that is over.
    if (found != chains_.end() && found->second.hops.empty()) erase(found);
  }
}

void HarBuilder::finish() {
  while (!chains_.empty()) give_up(chains_.begin());
}

}  // namespace pbaas::recording
