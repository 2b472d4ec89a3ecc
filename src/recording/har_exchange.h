// One HTTP exchange as CDP tells it, while it is under way: a request, or one hop of a chain of
// redirects. Plain values, owned by the HarBuilder.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "recording/har_values.h"

namespace pbaas::recording {

struct Body {
  std::string text;
  bool base64 = false;
  bool cut = false;
};

struct Exchange {
  std::uint64_t number = 0;  // in the order of their starts; the entry's name in the spool
  std::string page;          // id of the HAR's page; empty: none, as of a service worker
  std::string id;            // CDP's requestId
  std::string session;       // who told of its response, and so has its body
  std::string target;        // of the page it belongs to; empty: none
  double started = 0;        // monotonic seconds, as all of CDP's
  double responded = 0;      // 0: not yet
  double ended = 0;          // 0: not yet
  double decoded_bytes = 0;  // of the body
  double received_bytes = 0;
  double encoded_bytes = -1;  // of head and body; -1: not known
  std::string type;
  std::string initiator_type;
  std::string initiator_url;
  std::string priority;
  std::string redirect_url;
  std::string failure;      // why it failed; empty: it did not
  std::string blocked;      // the reason why it was blocked
  bool was_missed = false;  // its start was not told: it was under way before we listened
  bool is_found = false;    // in a frame; nobody has told of it
  bool from_memory_cache = false;
  bool is_download = false;
  bool is_fulfilled = false;  // by the client, through Fetch
  bool is_incomplete = false;
  bool is_websocket = false;
  boost::json::object request;
  std::optional<boost::json::object> response;
  std::optional<Headers> sent;          // the headers as they went over the wire
  std::optional<Headers> received;      // the same of the response
  std::size_t received_head_bytes = 0;  // 0: not known
  int true_status = 0;                  // of the wire, such as 304; 0: not known
  std::optional<Body> body;
  boost::json::array messages;    // of a WebSocket or an event stream
  std::size_t message_bytes = 0;  // kept of them
  std::uint64_t dropped_messages = 0;
};

// How an exchange that is under way is written.
inline Exchange as_it_is(Exchange exchange, double now) {
  exchange.is_incomplete = true;
  exchange.ended = now > exchange.started ? now : exchange.started;
  return exchange;
}

}  // namespace pbaas::recording
