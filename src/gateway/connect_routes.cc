// The WebSocket endpoints: a session's browser, its pages, and `WS /`, which makes a session that
// ends with its connection.
#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cctype>

#include "gateway/api.h"

namespace pbaas::gateway {
namespace {

using net::Request;
using net::Response;
using net::Task;
using net::UpgradeTarget;
using Upgrade = std::variant<Response, UpgradeTarget>;

// Playwright's own protocol, not CDP, is spoken after such a handshake; its users need to know
// which call they want.
bool is_playwright_connect(const Request& request) {
  return request.headers.has("x-playwright-browser");
}

Response use_connect_over_cdp() {
  return Response::problem(
      {Fault::kUseConnectOverCdp,
       "this is a CDP endpoint: use chromium.connectOverCDP(url) in place of connect(url)"});
}

// A target id as Chromium makes them; anything else could be more than one path segment upstream.
bool is_target_id(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '-' || c == '_';
  });
}

UpgradeTarget leading_to(const BrowserEndpoint& endpoint, const std::string& path,
                         net::RelayEndpoint kind) {
  UpgradeTarget target{endpoint.at.host, endpoint.at.port, endpoint.base + path, endpoint.relays};
  target.endpoint = endpoint.through_worker ? net::RelayEndpoint::kWorker : kind;
  target.headers = endpoint.headers;
  target.dial = endpoint.at.dial;
  return target;
}

Upgrade to_browser(const BrowserEndpoint& endpoint) {
  return leading_to(endpoint, "/devtools/browser/" + endpoint.browser.guid,
                    net::RelayEndpoint::kBrowser);
}

Task<Result<BrowserEndpoint>> endpoint_of(const Request& request, Api& api) {
  const auto id = session_id(request);
  if (!id) co_return id.error();
  co_return co_await api.sessions.endpoint(*id, api.auth.owner(request));
}

Task<Upgrade> connect_browser(Request& request, Api& api) {
  if (is_playwright_connect(request)) co_return use_connect_over_cdp();
  const auto endpoint = co_await endpoint_of(request, api);
  if (!endpoint) co_return Response::problem(endpoint.error());
  const auto guid = request.params.find("guid");
  if (guid != request.params.end() && guid->second != endpoint->browser.guid) {
    co_return Response::problem({Fault::kNoSuchTarget, "the session's browser has another GUID"});
  }
  co_return to_browser(*endpoint);
}

Task<Upgrade> connect_page(Request& request, Api& api) {
  const auto endpoint = co_await endpoint_of(request, api);
  if (!endpoint) co_return Response::problem(endpoint.error());
  const auto& target = request.params.at("target");
  if (!is_target_id(target))
    co_return Response::problem({Fault::kNoSuchTarget, "there is no such page"});
  co_return leading_to(*endpoint, "/devtools/page/" + target, net::RelayEndpoint::kPage);
}

bool is_in_seconds(std::string_view option) {
  return option == "timeout" || option == "idle_timeout" || option == "queue_timeout";
}

// Options in the query, for clients that can give nothing but a URL: each scalar field of POST
// /session by its name.
Result<session::SessionOptions> options_from_query(const Request& request,
                                                   const session::OptionLimits& limits) {
  boost::json::object body;
  for (const auto& [name, value] : request.query) {
    if (name == "token") continue;
    if (name == "on_disconnect") {
      return Error{Fault::kInvalidField, "a session of this URL ends with its connection", name};
    }
    const bool number =
        is_in_seconds(name) && !value.empty() && value.size() < 10 &&
        std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
    if (number) {
      body[name] = std::stoll(value);
    } else {
      body[name] = value;
    }
  }
  auto options = session::parse_options(boost::json::serialize(body), limits);
  if (options) options->on_disconnect = session::OnDisconnect::kEnd;
  return options;
}

Task<Upgrade> connect_new(Request& request, Api& api) {
  if (is_playwright_connect(request)) co_return use_connect_over_cdp();
  auto options = options_from_query(request, api.limits);
  if (!options) co_return Response::problem(options.error());
  const auto owner = api.auth.owner(request);
  const auto session = co_await api.sessions.create(std::move(*options), owner);
  if (!session) co_return Response::problem(session.error());
  const auto endpoint = co_await api.sessions.endpoint(session->id, owner);
  if (!endpoint) co_return Response::problem(endpoint.error());
  co_return to_browser(*endpoint);
}

}  // namespace

void add_connect_routes(net::Router& router, Api& api) {
  const auto with_api = [&api](Task<Upgrade> (*route)(Request&, Api&)) {
    return [&api, route](Request& request) { return route(request, api); };
  };
  for (const std::string session : {"/session/{id}", "/sessions/{id}"}) {
    router.add_upgrade(session, with_api(connect_browser));
    router.add_upgrade(session + "/devtools/browser/{guid}", with_api(connect_browser));
    router.add_upgrade(session + "/devtools/page/{target}", with_api(connect_page));
  }
  router.add_upgrade("/", with_api(connect_new));
}

}  // namespace pbaas::gateway
