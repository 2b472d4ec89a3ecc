#include "recording/body_choice.h"

#include <algorithm>
#include <array>

namespace pbaas::recording {
namespace {

// What text is called besides "text/...".
constexpr std::array<std::string_view, 7> kTextParts{
    "json", "javascript", "ecmascript", "xml", "x-www-form-urlencoded", "graphql", "manifest"};
// Chromium counts a compressed body before it knows how long it is; what grew beyond is cut.
constexpr std::array<int, 4> kNoBody{204, 205, 304, 101};

}  // namespace

bool is_text_type(std::string_view mime_type) {
  if (mime_type.starts_with("text/")) return true;
  return std::any_of(kTextParts.begin(), kTextParts.end(), [&](std::string_view part) {
    return mime_type.find(part) != std::string_view::npos;
  });
}

bool choose_body(const session::HarOptions& options, const Exchange& exchange) {
  if (options.bodies == session::HarBodies::kNone || !exchange.response) return false;
  if (!exchange.failure.empty() || exchange.type == "EventSource") return false;
  if (exchange.type == "Preflight") return false;
  const int status = static_cast<int>(number_of(*exchange.response, "status", 0));
  if (std::find(kNoBody.begin(), kNoBody.end(), status) != kNoBody.end()) return false;
  if (text_of(exchange.request, "method") == "HEAD") return false;
  const bool is_wanted = options.bodies == session::HarBodies::kAll ||
                         is_text_type(text_of(*exchange.response, "mimeType"));
  return is_wanted && exchange.decoded_bytes <= double(options.body_bytes_max);
}

bool is_fulfilled(const Exchange& exchange) {
  const auto& response = *exchange.response;
  const bool has_answerer = !text_of(response, "remoteIPAddress").empty() ||
                            flag_of(response, "fromServiceWorker") ||
                            flag_of(response, "fromDiskCache") ||
                            flag_of(response, "fromPrefetchCache") || exchange.from_memory_cache;
  return !has_answerer && exchange.type != "Preflight";
}

std::size_t decoded_size(const Body& body) {
  if (!body.base64) return body.text.size();
  const auto padding = std::count(body.text.end() - std::min<std::ptrdiff_t>(2, body.text.size()),
                                  body.text.end(), '=');
  return body.text.size() / 4 * 3 - padding;
}

Body cut_body(Body body, std::size_t bytes_max) {
  if (decoded_size(body) <= bytes_max) return body;
  body.cut = true;
  if (body.base64) {
    body.text.resize(bytes_max / 3 * 4);
  } else {
    body.text.resize(valid_prefix(body.text, bytes_max).size());
  }
  return body;
}

}  // namespace pbaas::recording
