// Chromium's discovery documents under a session, and the root `/json/version` for clients that
// know only one URL.
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "gateway/api.h"
#include "gateway/discovery.h"
#include "net/http_client.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using net::Request;
using net::Response;
using net::Task;

constexpr Duration kBrowserAnswerMax{10'000};

DiscoveryUrls urls_of(const Request& request, const Api& api, const SessionId& id) {
  const auto token = request.query.find("token");
  return {session_url(request, api, id),
          token == request.query.end() ? std::string() : token->second};
}

// The raw query without our token, which is never passed on.
std::string query_for_browser(const Request& request) {
  const auto mark = request.target.find('?');
  if (mark == std::string::npos) return {};
  std::string kept;
  std::string_view rest = std::string_view(request.target).substr(mark + 1);
  while (!rest.empty()) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    if (part.empty() || part.starts_with("token=")) continue;
    kept += (kept.empty() ? "?" : "&") + std::string(part);
  }
  return kept;
}

// `document` is Chromium's own path below /json, such as "version".
Task<Response> discover(Request& request, Api& api, std::string document) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  const auto endpoint = co_await api.sessions.endpoint(*id, api.auth.owner(request));
  if (!endpoint) co_return Response::problem(endpoint.error());
  net::Outgoing question{request.method,
                         endpoint->base + "/json/" + document + query_for_browser(request)};
  question.headers = endpoint->headers;
  const SystemClock clock;
  const auto deadline = Deadline::after(clock, kBrowserAnswerMax);
  auto asking = net::fetch(endpoint->at, std::move(question), deadline, clock);
  auto answer = co_await std::move(asking);
  if (!answer) co_return Response::problem(answer.error());
  if (answer->headers.get("Content-Type") == "application/problem+json")
    co_return Response::problem(net::error_behind(*answer));
  if (answer->status == 404)
    co_return Response::problem({Fault::kNoSuchTarget, answer->body.substr(0, 200)});
  boost::system::error_code error;
  auto body = json::parse(answer->body, error);
  if (error) {
    Response plain;
    plain.status = answer->status;
    plain.headers.set("Content-Type", "text/plain; charset=utf-8");
    plain.body = std::move(answer->body);
    co_return plain;
  }
  rewrite_discovery(body, urls_of(request, api, *id));
  co_return Response::json(answer->status, body);
}

net::Handler document(Api& api, std::string name) {
  return [&api, name](Request& request) { return discover(request, api, name); };
}

net::Handler document_of_target(Api& api, std::string name) {
  return [&api, name](Request& request) {
    return discover(request, api, name + "/" + request.params.at("target"));
  };
}

// No session is made here: probes and people look at this address too. The WebSocket URL in the
// answer makes one.
Task<Response> root_version(Request& request, Api& api) {
  const auto token = request.query.find("token");
  const DiscoveryUrls urls{public_base(request, api.urls),
                           token == request.query.end() ? std::string() : token->second};
  json::value body = json::object{{"Browser", "Chrome/" + api.browser_version},
                                  {"Protocol-Version", "1.3"},
                                  {"webSocketDebuggerUrl", "ws://localhost/"}};
  rewrite_discovery(body, urls);
  co_return Response::json(200, body);
}

void add_documents(net::Router& router, Api& api, const std::string& session) {
  router.add("GET", session + "/json/version", document(api, "version"));
  // Users paste the whole URL where a client appends the path itself.
  router.add("GET", session + "/json/version/json/version", document(api, "version"));
  router.add("GET", session + "/json/list", document(api, "list"));
  router.add("GET", session + "/json", document(api, "list"));
  router.add("GET", session + "/json/protocol", document(api, "protocol"));
  router.add("PUT", session + "/json/new", document(api, "new"));
  router.add("GET", session + "/json/activate/{target}", document_of_target(api, "activate"));
  router.add("GET", session + "/json/close/{target}", document_of_target(api, "close"));
}

}  // namespace

void add_discovery_routes(net::Router& router, Api& api) {
  add_documents(router, api, "/session/{id}");
  add_documents(router, api, "/sessions/{id}");
  const net::Handler version = [&api](Request& request) { return root_version(request, api); };
  router.add("GET", "/json/version", version);
  router.add("GET", "/json/version/json/version", version);
}

}  // namespace pbaas::gateway
