#include "recording/har_entry.h"

#include <algorithm>
#include <cmath>

#include "base/ascii.h"
#include "recording/har_timings.h"

namespace pbaas::recording {
namespace {

namespace json = boost::json;

const json::object kNone;

const json::object& response_of(const Exchange& exchange) {
  return exchange.response ? *exchange.response : kNone;
}

bool is_http1(const Exchange& exchange) {
  const auto protocol = text_of(response_of(exchange), "protocol");
  return protocol.starts_with("http/1") || exchange.is_websocket;
}

bool is_from_cache(const Exchange& exchange) {
  const auto& response = response_of(exchange);
  // A 304 was answered by the server, whatever came of it.
  if (exchange.true_status == 304) return false;
  return exchange.from_memory_cache || flag_of(response, "fromDiskCache") ||
         flag_of(response, "fromPrefetchCache");
}

bool is_local(const Exchange& exchange) {
  return is_from_cache(exchange) || exchange.is_fulfilled ||
         flag_of(response_of(exchange), "fromServiceWorker");
}

// Of the request, with all that was really sent where Chromium told it.
Headers sent_headers(const Exchange& exchange) {
  return exchange.sent ? *exchange.sent : headers_from(object_of(exchange.request, "headers"));
}

Headers received_headers(const Exchange& exchange) {
  if (exchange.received) return *exchange.received;
  return headers_from(object_of(response_of(exchange), "headers"));
}

// "GET /path?query HTTP/1.1" and its line end, as sent.
std::size_t request_line_bytes(const Exchange& exchange) {
  const auto url = text_of(exchange.request, "url");
  const auto authority = url.find("://");
  const auto path = authority == std::string::npos ? 0 : url.find('/', authority + 3);
  const auto path_bytes = path == std::string::npos ? 1 : url.size() - path;
  return text_of(exchange.request, "method").size() + path_bytes +
         std::string_view("  HTTP/1.1\r\n").size();
}

std::int64_t request_head_bytes(const Exchange& exchange, const Headers& headers) {
  if (!exchange.sent || !is_http1(exchange)) return -1;
  return static_cast<std::int64_t>(request_line_bytes(exchange) + header_bytes(headers));
}

std::int64_t request_body_bytes(const Exchange& exchange, const Headers& headers) {
  const auto length = header_value(headers, "content-length");
  if (!length.empty()) return std::strtoll(length.c_str(), nullptr, 10);
  const auto data = text_of(exchange.request, "postData");
  if (!data.empty()) return static_cast<std::int64_t>(data.size());
  return flag_of(exchange.request, "hasPostData") ? -1 : 0;
}

json::object post_data(const Exchange& exchange, const Headers& headers, const Redactor& redactor) {
  const auto type = header_value(headers, "content-type");
  const auto raw = text_of(exchange.request, "postData");
  const auto text = redactor.body(type, raw);
  json::object data{{"mimeType", type}};
  if (same_word(type.substr(0, type.find(';')), "application/x-www-form-urlencoded") && text) {
    data["params"] = form_json(*text);
  }
  data["text"] = text.value_or("");
  if (!text) data["comment"] = "left out: it cannot be read, so nothing in it can be hidden";
  if (raw.empty()) data["comment"] = "not recorded: files, or longer than what is recorded";
  return data;
}

json::object request_json(const Exchange& exchange, const Redactor& redactor) {
  const auto headers = sent_headers(exchange);
  const auto url = text_of(exchange.request, "url");
  json::object request;
  request["method"] = text_of(exchange.request, "method");
  request["url"] = redactor.url(url);
  request["httpVersion"] = http_version(text_of(response_of(exchange), "protocol"));
  request["cookies"] = request_cookies_json(headers, redactor);
  request["headers"] = headers_json(headers, redactor);
  request["queryString"] = query_json(url, redactor);
  request["headersSize"] = request_head_bytes(exchange, headers);
  request["bodySize"] = request_body_bytes(exchange, headers);
  if (exchange.request.contains("postData") || flag_of(exchange.request, "hasPostData")) {
    request["postData"] = post_data(exchange, headers, redactor);
  }
  return request;
}

std::int64_t response_head_bytes(const Exchange& exchange) {
  if (!is_http1(exchange) || is_local(exchange)) return -1;
  return exchange.received_head_bytes > 0 ? std::int64_t(exchange.received_head_bytes) : -1;
}

// What the server says of the body's length, where a whole body came; -1: nothing.
std::int64_t said_body_bytes(const Exchange& exchange) {
  const bool has_none = exchange.true_status == 304 || !exchange.failure.empty() ||
                        text_of(exchange.request, "method") == "HEAD";
  const auto length = header_value(received_headers(exchange), "content-length");
  return has_none || length.empty() ? -1 : std::strtoll(length.c_str(), nullptr, 10);
}

// Chromium counts head and body together, and of some workers' scripts the head alone.
std::int64_t response_body_bytes(const Exchange& exchange) {
  if (is_local(exchange)) return 0;
  const bool is_counted = exchange.encoded_bytes >= 0 && exchange.received_head_bytes > 0;
  const auto counted = is_counted ? static_cast<std::int64_t>(exchange.encoded_bytes) -
                                        static_cast<std::int64_t>(exchange.received_head_bytes)
                                  : -1;
  return counted > 0 ? counted : std::max(counted, said_body_bytes(exchange));
}

// Decoded. What service workers load is not counted: then it is the body's, if that is not encoded.
std::int64_t content_bytes(const Exchange& exchange) {
  const bool is_encoded = !header_value(received_headers(exchange), "content-encoding").empty();
  if (exchange.decoded_bytes > 0 || is_encoded || !exchange.failure.empty())
    return static_cast<std::int64_t>(exchange.decoded_bytes);
  return std::max<std::int64_t>(0, response_body_bytes(exchange));
}

json::object content_json(const Exchange& exchange) {
  const auto size = content_bytes(exchange);
  json::object content{{"size", size}};
  content["mimeType"] = text_of(response_of(exchange), "mimeType");
  const auto encoded = response_body_bytes(exchange);
  if (encoded > 0 && encoded <= size) content["compression"] = size - encoded;
  // Of what a service worker passed on, Chromium gives an empty body.
  if (!exchange.body || (exchange.body->text.empty() && size > 0)) return content;
  content["text"] = exchange.body->text;
  if (exchange.body->base64) content["encoding"] = "base64";
  if (exchange.body->cut) content["comment"] = "cut: longer than what is recorded";
  return content;
}

json::object response_json(const Exchange& exchange, const Redactor& redactor) {
  const auto& raw = response_of(exchange);
  const auto headers = received_headers(exchange);
  const int status = static_cast<int>(number_of(raw, "status", 0));
  json::object response;
  response["status"] = exchange.true_status > 0 ? exchange.true_status : status;
  response["statusText"] =
      exchange.true_status == 304 ? "Not Modified" : text_of(raw, "statusText");
  response["httpVersion"] = http_version(text_of(raw, "protocol"));
  response["cookies"] = response_cookies_json(headers, redactor);
  response["headers"] = headers_json(headers, redactor);
  response["content"] = content_json(exchange);
  response["redirectURL"] = redactor.url(exchange.redirect_url);
  response["headersSize"] = response_head_bytes(exchange);
  response["bodySize"] = response_body_bytes(exchange);
  response["_transferSize"] =
      is_local(exchange) ? 0 : static_cast<std::int64_t>(std::max(-1.0, exchange.encoded_bytes));
  return response;
}

void add_texts(json::object& entry, const Exchange& exchange, const Redactor& redactor) {
  const std::pair<const char*, const std::string&> texts[] = {
      {"_resourceType", exchange.type},
      {"_priority", exchange.priority},
      {"_failureText", exchange.failure},
      {"_blockedReason", exchange.blocked},
  };
  for (const auto& [name, text] : texts) {
    if (!text.empty()) entry[name] = text;
  }
  if (exchange.initiator_type.empty()) return;
  json::object initiator{{"type", exchange.initiator_type}};
  if (!exchange.initiator_url.empty()) initiator["url"] = redactor.url(exchange.initiator_url);
  entry["_initiator"] = std::move(initiator);
}

void add_flags(json::object& entry, const Exchange& exchange) {
  const auto& response = response_of(exchange);
  const std::pair<const char*, bool> flags[] = {
      {"_fromServiceWorker", flag_of(response, "fromServiceWorker")},
      {"_wasFulfilled", exchange.is_fulfilled},
      {"_download", exchange.is_download},
      {"_incomplete", exchange.is_incomplete},
      {"_startMissed", exchange.was_missed},
  };
  for (const auto& [name, holds] : flags) {
    if (holds) entry[name] = true;
  }
  if (is_from_cache(exchange)) {
    entry["_fromCache"] = exchange.from_memory_cache ? "memory" : "disk";
  }
}

// The egress proxy's end of the connection, which is all that Chromium knows then.
bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address == "::1";
}

void add_connection(json::object& entry, const Exchange& exchange) {
  const auto& response = response_of(exchange);
  if (is_local(exchange)) return;
  auto address = text_of(response, "remoteIPAddress");
  // The schema takes an IPv6 address without its brackets alone.
  if (address.starts_with('[')) address = address.substr(1, address.size() - 2);
  if (!address.empty() && !is_loopback(address)) entry["serverIPAddress"] = address;
  const auto connection = static_cast<std::int64_t>(number_of(response, "connectionId", 0));
  if (connection > 0) entry["connection"] = std::to_string(connection);
}

void add_messages(json::object& entry, const Exchange& exchange) {
  if (!exchange.is_websocket && exchange.messages.empty()) return;
  entry[exchange.is_websocket ? "_webSocketMessages" : "_eventSourceMessages"] = exchange.messages;
  if (exchange.dropped_messages > 0) entry["_messagesDropped"] = exchange.dropped_messages;
}

}  // namespace

std::string http_version(std::string_view protocol) {
  if (protocol.empty()) return "";
  if (protocol == "h2") return "HTTP/2";
  if (protocol == "h3" || protocol.starts_with("h3-")) return "HTTP/3";
  std::string version(protocol);
  std::transform(version.begin(), version.end(), version.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  return version;
}

json::object entry_json(const Exchange& exchange, double wall_offset, const Redactor& redactor) {
  const auto timings = timings_of(exchange);
  json::object entry;
  if (!exchange.page.empty()) entry["pageref"] = exchange.page;
  entry["startedDateTime"] = har_time(exchange.started + wall_offset);
  entry["time"] = timings.time;
  entry["request"] = request_json(exchange, redactor);
  entry["response"] = response_json(exchange, redactor);
  entry["cache"] = json::object();
  entry["timings"] = to_json(timings);
  add_connection(entry, exchange);
  add_texts(entry, exchange, redactor);
  add_flags(entry, exchange);
  add_messages(entry, exchange);
  return entry;
}

}  // namespace pbaas::recording
