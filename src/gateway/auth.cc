#include "gateway/auth.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/digest.h"
#include "gateway/host.h"

namespace pbaas::gateway {
namespace {

constexpr std::array<std::string_view, 3> kOpenPaths{"/livez", "/readyz", "/metrics"};
// The reference is no secret, and a browser that opens it has no key to send yet.
constexpr std::array<std::string_view, 2> kReferencePaths{"/openapi.json", "/docs"};

bool is_open(std::string_view path) {
  return std::ranges::find(kOpenPaths, path) != kOpenPaths.end() ||
         std::ranges::find(kReferencePaths, path) != kReferencePaths.end() ||
         path.starts_with("/docs/");
}

bool is_preflight(const net::Request& request) {
  return request.method == "OPTIONS" && request.headers.has("Access-Control-Request-Method");
}

// A page's image or script tag sends no Origin, but every browser says so that another site's page
// made it.
bool is_from_another_site(const net::Request& request) {
  if (request.headers.has("Origin")) return false;
  const auto site = request.headers.get("Sec-Fetch-Site").value_or("none");
  return site != "none" && site != "same-origin";
}

net::Response preflight_answer(std::string_view origin) {
  net::Response response;
  response.status = 204;
  response.headers.add("Access-Control-Allow-Origin", std::string(origin));
  response.headers.add("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
  response.headers.add("Access-Control-Allow-Headers",
                       "Authorization, Content-Type, Idempotency-Key");
  response.headers.add("Access-Control-Max-Age", "600");
  response.headers.add("Vary", "Origin");
  return response;
}

}  // namespace

std::optional<std::string> presented_key(const net::Request& request) {
  constexpr std::string_view kBearer = "bearer ";
  if (const auto header = request.headers.get("Authorization")) {
    if (header->size() <= kBearer.size()) return std::nullopt;
    if (!same_word(header->substr(0, kBearer.size()), kBearer)) return std::nullopt;
    return std::string(header->substr(kBearer.size()));
  }
  const auto found = request.query.find("token");
  if (found == request.query.end()) return std::nullopt;
  return found->second;
}

Auth::Auth(Config config) : config_(std::move(config)) {}

std::optional<net::Response> Auth::refuse(const net::Request& request) const {
  if (const auto origin = request.headers.get("Origin")) {
    if (!allows_origin(request, *origin)) {
      return net::Response::problem(
          {Fault::kOriginNotAllowed, "this origin may not use the API; see ALLOWED_ORIGINS"});
    }
    if (is_preflight(request)) return preflight_answer(*origin);
  }
  if (is_open(request.path)) return std::nullopt;
  if (is_from_another_site(request)) {
    return net::Response::problem(
        {Fault::kOriginNotAllowed, "a page of another site may not use the API"});
  }
  if (config_.api_keys.empty() || valid_key(request)) return std::nullopt;
  auto response = net::Response::problem(
      {Fault::kUnauthorized, "send an API key as \"Authorization: Bearer KEY\", or as ?token=KEY"});
  response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

std::string Auth::owner(const net::Request& request) const {
  const auto key = valid_key(request);
  return key ? sha256_hex(*key).substr(0, 16) : std::string();
}

bool Auth::allows_cross_origin(const net::Request& request) const {
  const auto origin = request.headers.get("Origin");
  return origin && allows_origin(request, *origin);
}

std::optional<std::string> Auth::valid_key(const net::Request& request) const {
  const auto key = presented_key(request);
  if (!key) return std::nullopt;
  // Every key is compared, so that the time tells nothing of which one came near.
  bool valid = false;
  for (const auto& each : config_.api_keys) valid |= equal_in_constant_time(each, *key);
  return valid ? key : std::nullopt;
}

bool Auth::allows_origin(const net::Request& request, std::string_view origin) const {
  for (const auto& each : config_.allowed_origins) {
    if (each == "*" || each == origin) return true;
  }
  // The DevTools front end of a Chromium: no web page can have this origin.
  if (origin == "devtools://devtools") return true;
  if (!config_.public_url.empty() && origin == origin_of(config_.public_url)) return true;
  // Our own pages. A name in Host could be anyone's that resolves to us (DNS rebinding), so only an
  // address will do.
  const auto host = request.headers.get("Host").value_or("");
  return is_address_or_localhost(host) && origin == "http://" + std::string(host);
}

}  // namespace pbaas::gateway
