#include "base/error.h"

#include <array>
#include <stdexcept>

namespace pbaas {
namespace {

struct Row {
  Fault fault;
  int status;
  std::string_view word;
  std::string_view title;
};

constexpr std::array kRows{
    Row{Fault::kMalformedHttp, 400, "malformed_http", "The request is not valid HTTP/1.1"},
    Row{Fault::kMalformedJson, 400, "malformed_json", "The body is not valid JSON"},
    Row{Fault::kInvalidField, 400, "invalid_field", "A field has a value it does not take"},
    Row{Fault::kUnknownField, 400, "unknown_field", "There is no such field"},
    Row{Fault::kInvalidQuery, 400, "invalid_query",
        "A query parameter has a value it does not take"},
    Row{Fault::kBadUpgrade, 400, "bad_upgrade", "The WebSocket handshake is not valid"},
    Row{Fault::kUseConnectOverCdp, 400, "use_connect_over_cdp", "This is a CDP endpoint"},
    Row{Fault::kUnauthorized, 401, "unauthorized", "An API key is needed"},
    Row{Fault::kOriginNotAllowed, 403, "origin_not_allowed", "The Origin is not allowed"},
    Row{Fault::kNoSuchRoute, 404, "not_found", "There is nothing at this path"},
    Row{Fault::kNoSuchSession, 404, "session_not_found", "There is no such session"},
    Row{Fault::kNoSuchTarget, 404, "target_not_found", "There is no such target in this browser"},
    Row{Fault::kNoSuchWorker, 404, "worker_not_found", "There is no such worker"},
    Row{Fault::kNoSuchRecording, 404, "recording_not_found", "There is no such recording"},
    Row{Fault::kMethodNotAllowed, 405, "method_not_allowed", "The path does not take this method"},
    Row{Fault::kRequestTimeout, 408, "request_timeout", "The request took too long to arrive"},
    Row{Fault::kSessionNotRunning, 409, "session_not_running", "The session has no browser yet"},
    Row{Fault::kRecordingNotReady, 409, "recording_not_ready", "The recording is not there yet"},
    Row{Fault::kSessionEnded, 410, "session_ended", "The session has ended"},
    Row{Fault::kBodyTooLarge, 413, "body_too_large", "The body is too large"},
    Row{Fault::kUriTooLong, 414, "uri_too_long", "The request target is too long"},
    Row{Fault::kUnsupportedMediaType, 415, "unsupported_media_type",
        "The body must be application/json"},
    Row{Fault::kRangeNotSatisfiable, 416, "range_not_satisfiable",
        "The range begins after the end"},
    Row{Fault::kIdempotencyMismatch, 422, "idempotency_key_reused",
        "The Idempotency-Key was used for another request"},
    Row{Fault::kUpgradeRequired, 426, "upgrade_required", "This path is a WebSocket endpoint"},
    Row{Fault::kQueueFull, 429, "queue_full", "The queue is full"},
    Row{Fault::kTooManyConnections, 429, "too_many_connections",
        "The session has too many connections"},
    Row{Fault::kHeadTooLarge, 431, "head_too_large", "The request head is too large"},
    Row{Fault::kInternal, 500, "internal", "Something went wrong in the service"},
    Row{Fault::kNotImplemented, 501, "not_implemented", "This is not available yet"},
    Row{Fault::kLaunchFailed, 502, "launch_failed", "The browser did not start"},
    Row{Fault::kBrowserUnreachable, 502, "browser_unreachable", "The browser does not answer"},
    Row{Fault::kNoCapacity, 503, "no_capacity", "No slot became free in time"},
    Row{Fault::kDraining, 503, "draining", "The service is being stopped"},
    Row{Fault::kRecordingsFull, 503, "recordings_full", "There is no room for a new recording"},
    Row{Fault::kStoreUnavailable, 503, "store_unavailable", "A store does not answer"},
    Row{Fault::kCancelled, 499, "cancelled", "The client went away"},
};

const Row& row(Fault fault) {
  for (const auto& each : kRows) {
    if (each.fault == fault) return each;
  }
  throw std::logic_error("a Fault without a row in error.cc");
}

}  // namespace

int http_status(Fault fault) {
  return row(fault).status;
}
std::string_view reason_word(Fault fault) {
  return row(fault).word;
}
std::optional<Fault> fault_from_word(std::string_view word) {
  for (const auto& each : kRows) {
    if (each.word == word) return each.fault;
  }
  return std::nullopt;
}
std::string_view title(Fault fault) {
  return row(fault).title;
}

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> faults = [] {
    std::vector<Fault> list;
    for (const auto& each : kRows) list.push_back(each.fault);
    return list;
  }();
  return faults;
}

void throw_exception_from_error(const Error& error, const boost::source_location&) {
  throw std::logic_error("value of an error was used: " + error.detail);
}

}  // namespace pbaas
