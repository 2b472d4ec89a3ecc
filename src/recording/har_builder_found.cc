// The part of the HarBuilder that finds, in frames, what was requested before anybody listened.
#include <algorithm>

#include "recording/har_builder.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

const json::array& array_of(const json::object& object, std::string_view name) {
  static const json::array kNone;
  const auto* found = object.if_contains(name);
  return found && found->is_array() ? found->get_array() : kNone;
}

const json::object& object_in(const json::value& value) {
  static const json::object kNone;
  return value.is_object() ? value.get_object() : kNone;
}

// Of a URL that a page asked for: frames of one page share it.
std::string key_of(const std::string& target, const std::string& url) {
  return target + " " + url;
}

}  // namespace

void HarBuilder::heard(const std::string& id, const std::string& target, const std::string& url) {
  heard_.note(id);
  heard_.note(key_of(target, url));
}

bool HarBuilder::is_told(const Exchange& exchange) const {
  return exchange.is_found &&
         heard_.contains(key_of(exchange.target, text_of(exchange.request, "url")));
}

void HarBuilder::frame_navigated(Event& event) {
  const auto& frame = object_of(event.params, "frame");
  // A document that comes back, as from the back/forward cache, is asked for by nobody.
  if (text_of(event.params, "type") == "Navigation")
    found_document(event.session, frame, event.now);
  commit(event.session, frame);
}

void HarBuilder::commit(const std::string& session, const json::object& frame) {
  const auto target = targets_.page_target(session);
  const bool is_main = targets_.is_page(session) && text_of(frame, "id") == target;
  if (is_main) pages_.committed(target, text_of(frame, "loaderId"));
}

void HarBuilder::found(const std::string& session, const json::object& tree, Instant now) {
  const auto& frame = object_of(tree, "frame");
  found_document(session, frame, now);
  for (const auto& each : array_of(tree, "resources"))
    found_resource(session, frame, object_in(each), now);
  for (const auto& each : array_of(tree, "childFrames")) found(session, object_in(each), now);
  make_room();
}

// A document's request has its loader's id. Its response may still be told.
void HarBuilder::found_document(const std::string& session, const json::object& frame,
                                Instant now) {
  const auto loader = text_of(frame, "loaderId");
  const auto url = text_of(frame, "url");
  if (loader.empty() || !is_recordable(url) || heard_.contains(loader)) return;
  Params params{{"requestId", loader},
                {"loaderId", loader},
                {"frameId", text_of(frame, "id")},
                {"type", "Document"}};
  Event event{session, params, now};
  add_found(event, url, text_of(frame, "mimeType"));
  heard(loader, targets_.page_target(session), url);
  commit(session, frame);
}

// Nothing tells which request it was: if one is told of while it waits to be written, it was that.
void HarBuilder::found_resource(const std::string& session, const json::object& frame,
                                const json::object& resource, Instant now) {
  const auto url = text_of(resource, "url");
  const auto key = key_of(targets_.page_target(session), url);
  const bool came = !flag_of(resource, "failed") && !flag_of(resource, "canceled");
  if (!came || !is_recordable(url) || heard_.contains(key)) return;
  const auto id = "found " + key;
  if (heard_.contains(id)) return;
  heard_.note(id);
  Params params{{"requestId", id},
                {"loaderId", text_of(frame, "loaderId")},
                {"type", text_of(resource, "type")}};
  Event event{session, params, now};
  add_found(event, url, text_of(resource, "mimeType")).is_found = true;
}

Exchange& HarBuilder::add_found(Event& event, const std::string& url,
                                const std::string& mime_type) {
  event.params["timestamp"] = std::max(monotonic_seconds(event.now), latest_);
  note_time(event);
  auto& chain = chains_[text_of(event.params, "requestId")];
  chain.touched = event.now;
  auto& hop = add_hop(chain, event, url);
  hop.body_pending = true;
  auto& exchange = hop.exchange;
  exchange.was_missed = true;
  exchange.type = text_of(event.params, "type");
  exchange.request["method"] = "GET";
  exchange.response = json::object{{"url", url}, {"mimeType", mime_type}};
  exchange.responded = exchange.ended = exchange.started;
  hold(chain, 2 * url.size() + kFoundOverheadBytes);
  add_page(exchange, event);
  return exchange;
}

}  // namespace pbaas::recording
