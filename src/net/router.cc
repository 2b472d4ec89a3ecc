#include "net/router.h"

#include <algorithm>

#include "net/handshake.h"

namespace pbaas::net {
namespace {

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> segments;
  while (!path.empty()) {
    const auto end = std::min(path.find('/'), path.size());
    if (end > 0) segments.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return segments;
}

bool is_name(const std::string& segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool is_tail(const std::string& segment) {
  return is_name(segment) && segment.ends_with("...}");
}

// Lower is more specific.
char rank(const std::string& segment) {
  return is_tail(segment) ? '2' : is_name(segment) ? '1' : '0';
}

std::string ranks(const std::vector<std::string>& segments) {
  std::string text;
  for (const auto& each : segments) text += rank(each);
  return text;
}

std::string join(const std::vector<std::string>& segments, std::size_t from) {
  std::string text;
  for (auto i = from; i < segments.size(); ++i) text += (i > from ? "/" : "") + segments[i];
  return text;
}

// What {names} of the pattern the path gives, or nothing if the path is not of the pattern.
std::optional<std::map<std::string, std::string>> match(const std::vector<std::string>& pattern,
                                                        const std::vector<std::string>& path) {
  std::map<std::string, std::string> params;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    const auto& segment = pattern[i];
    if (is_tail(segment)) {
      params[segment.substr(1, segment.size() - 5)] = join(path, i);
      return params;
    }
    if (i >= path.size()) return std::nullopt;
    if (is_name(segment)) {
      params[segment.substr(1, segment.size() - 2)] = path[i];
    } else if (segment != path[i]) {
      return std::nullopt;
    }
  }
  if (path.size() != pattern.size()) return std::nullopt;
  return params;
}

Plan ready(const std::string& route, Response response) {
  return {route, std::move(response)};
}

std::string allowed(const std::map<std::string, Handler>& methods, bool upgrades) {
  std::string list = "OPTIONS";
  if (methods.contains("GET")) list += ", HEAD";
  if (upgrades && !methods.contains("GET")) list += ", GET";
  for (const auto& [method, handler] : methods) {
    if (method != "OPTIONS") list += ", " + method;
  }
  return list;
}

Response method_not_allowed(const Request& request, const std::string& allow) {
  auto response = Response::problem(
      {Fault::kMethodNotAllowed, "this path takes " + allow + ", not " + request.method});
  response.headers.set("Allow", allow);
  return response;
}

Response upgrade_required() {
  auto response = Response::problem(
      {Fault::kUpgradeRequired, "connect to this path with a WebSocket client (ws:// or wss://)"});
  response.headers.set("Upgrade", "websocket");
  response.headers.set("Connection", "upgrade");
  return response;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Handler handler) {
  route_of(std::move(pattern)).methods[std::move(method)] = std::move(handler);
}

void Router::add_upgrade(std::string pattern, UpgradeHandler handler) {
  route_of(std::move(pattern)).upgrade = std::move(handler);
}

Router::Route& Router::route_of(std::string pattern) {
  for (auto& each : routes_) {
    if (each.pattern == pattern) return each;
  }
  auto segments = split(pattern);
  // Kept in order of rank, so that the first match is the most specific.
  const auto place = std::ranges::find_if(routes_, [order = ranks(segments)](const Route& each) {
    return order < ranks(each.segments);
  });
  Route route;
  route.pattern = std::move(pattern);
  route.segments = std::move(segments);
  return *routes_.insert(place, std::move(route));
}

const Router::Route* Router::find(std::string_view path,
                                  std::map<std::string, std::string>& params) const {
  const auto segments = split(path);
  for (const auto& each : routes_) {
    auto matched = match(each.segments, segments);
    if (!matched) continue;
    params = std::move(*matched);
    return &each;
  }
  return nullptr;
}

Plan Router::plan(Request& request) const {
  const auto* route = find(request.path, request.params);
  const std::string name = route ? route->pattern : "";
  if (guard_) {
    if (auto refusal = guard_(request)) return ready(name, std::move(*refusal));
  }
  if (!route) {
    return ready("", Response::problem({Fault::kNoSuchRoute, "there is nothing at this path"}));
  }
  return plan_on(*route, request);
}

Plan Router::plan_on(const Route& route, const Request& request) {
  if (request.is_upgrade) {
    if (!route.upgrade) {
      return ready(route.pattern, Response::problem({Fault::kBadUpgrade,
                                                     "this path is not a WebSocket endpoint"}));
    }
    if (auto refusal = refuse_handshake(request)) return ready(route.pattern, std::move(*refusal));
    return {route.pattern, &route.upgrade};
  }

  auto handler = route.methods.find(request.method);
  if (handler == route.methods.end() && request.method == "HEAD") {
    handler = route.methods.find("GET");
  }
  if (handler != route.methods.end()) return {route.pattern, &handler->second};

  if (request.method == "GET" && route.upgrade) return ready(route.pattern, upgrade_required());
  const auto allow = allowed(route.methods, static_cast<bool>(route.upgrade));
  if (request.method != "OPTIONS") {
    return ready(route.pattern, method_not_allowed(request, allow));
  }
  Response response;
  response.status = 204;
  response.headers.set("Allow", allow);
  return ready(route.pattern, std::move(response));
}

}  // namespace pbaas::net
