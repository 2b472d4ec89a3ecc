#include "worker/control_api.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "net/http_client.h"
#include "session/record_json.h"

namespace pbaas::worker {
namespace {

namespace json = boost::json;
using net::Request;
using net::Response;
using net::Task;
using Upgrade = std::variant<Response, net::UpgradeTarget>;

constexpr Duration kBrowserAnswerMax{10'000};

bool is_probe(const std::string& path) {
  return path == "/livez" || path == "/readyz" || path == "/metrics";
}

// A gateway that means another run of this worker must not be obeyed: what it knows is of the past.
std::optional<Response> refuse(const Request& request, const ControlApi& api) {
  if (is_probe(request.path)) return std::nullopt;
  const auto epoch = request.headers.get("X-Worker-Epoch").value_or("");
  auto proof = request.headers.get("Authorization").value_or("");
  constexpr std::string_view kScheme = "Bearer ";
  if (proof.starts_with(kScheme)) proof.remove_prefix(kScheme.size());
  if (!api.proof.accepts(proof, epoch)) {
    return Response::problem(
        {Fault::kUnauthorized, "gateway and worker do not have the same CLUSTER_SECRET"});
  }
  if (epoch != api.worker.run().epoch) {
    return Response::problem({Fault::kNoSuchWorker, "the worker has started anew since"});
  }
  return std::nullopt;
}

Result<SessionId> session_id(const Request& request) {
  const auto id = SessionId::parse(request.params.at("id"));
  if (!id) return Error{Fault::kNoSuchSession, "this is no session's id"};
  return *id;
}

Response answer(const Result<session::Session>& session) {
  if (!session) return Response::problem(session.error());
  return Response::json(200, session::to_record(*session));
}

// A start whose gateway leaves before it is answered: nobody will ever ask for the session.
class StartUnderWay {
 public:
  StartUnderWay(Worker& worker, SessionId id) : worker_(worker), id_(std::move(id)) {}
  StartUnderWay(const StartUnderWay&) = delete;
  StartUnderWay& operator=(const StartUnderWay&) = delete;
  ~StartUnderWay() {
    if (!answered_) (void)worker_.end(id_, session::EndReason::kAbandoned);
  }
  void answered() { answered_ = true; }

 private:
  Worker& worker_;
  SessionId id_;
  bool answered_ = false;
};

Task<Response> start(Request& request, ControlApi& api) {
  boost::system::error_code failed;
  const auto body = json::parse(request.body, failed);
  if (failed || !body.is_object())
    co_return Response::problem({Fault::kMalformedJson, "the body is not a session's record"});
  const auto session = session::session_from_record(body.as_object());
  if (!session) co_return Response::problem(session.error());
  StartUnderWay under_way(api.worker, session->id);
  const auto running = co_await api.worker.start(*session);
  under_way.answered();
  co_return answer(running);
}

Task<Response> list(Request&, ControlApi& api) {
  json::array sessions;
  for (const auto& each : api.worker.list()) sessions.push_back(session::to_record(each));
  json::object body;
  body["sessions"] = std::move(sessions);
  co_return Response::json(200, body);
}

Task<Response> show(Request& request, ControlApi& api) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  co_return answer(api.worker.describe(*id));
}

Task<Response> end(Request& request, ControlApi& api) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  const auto reason = session::end_reason_from_word(request.query["reason"]);
  if (!reason)
    co_return Response::problem({Fault::kInvalidQuery, "reason is no end_reason", "reason"});
  const auto ended = co_await api.worker.end_for_client(*id, *reason);
  co_return answer(ended);
}

// The time left, because the clocks of two machines have nothing to do with each other.
Task<Response> end_if_due(Request& request, ControlApi& api) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  const auto next = api.worker.end_if_due(*id);
  if (!next) co_return Response::problem(next.error());
  json::object body;
  body["due_in_ms"] = nullptr;
  if (*next) body["due_in_ms"] = (**next - api.clock.now()).count();
  co_return Response::json(200, body);
}

Task<Response> status(Request&, ControlApi& api) {
  const auto status = api.worker.status();
  const json::object body{{"id", status.worker.id},
                          {"epoch", status.worker.epoch},
                          {"state", to_word(status.state)},
                          {"capacity", status.capacity},
                          {"used", status.used},
                          {"warm", status.warm},
                          {"version", status.version}};
  co_return Response::json(200, body);
}

Task<Response> drain(Request& request, ControlApi& api) {
  api.drain();
  co_return co_await status(request, api);
}

Task<Upgrade> connect(Request& request, ControlApi& api, std::string kind, std::string target) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  const auto attached = api.worker.attach(*id);
  if (!attached) co_return Response::problem(attached.error());
  net::UpgradeTarget to;
  to.host = "127.0.0.1";
  to.port = attached->browser.debug_port;
  to.path = "/devtools/" + kind + "/" + target;
  to.group = attached->relays;
  to.dial = attached->dial;
  if (kind == "page") to.endpoint = net::RelayEndpoint::kPage;
  co_return to;
}

// Chromium's own document, as it is: the gateway puts its URLs in.
Task<Response> discover(Request& request, ControlApi& api) {
  const auto id = session_id(request);
  if (!id) co_return Response::problem(id.error());
  const auto attached = api.worker.attach(*id);
  if (!attached) co_return Response::problem(attached.error());
  net::Outgoing question{request.method, request.target.substr(request.target.find("/json"))};
  const net::Endpoint browser{"127.0.0.1", attached->browser.debug_port, attached->dial};
  const auto deadline = Deadline::after(api.clock, kBrowserAnswerMax);
  auto asking = net::fetch(browser, std::move(question), deadline, api.clock);
  auto answered = co_await std::move(asking);
  if (!answered) co_return Response::problem(answered.error());
  Response response;
  response.status = answered->status;
  const auto type = answered->headers.get("Content-Type").value_or("text/plain");
  response.headers.set("Content-Type", std::string(type));
  response.body = std::move(answered->body);
  co_return response;
}

Task<Response> alive(Request&, ControlApi&) {
  const json::object body{{"status", "ok"}};
  co_return Response::json(200, body);
}

Task<Response> ready(Request& request, ControlApi& api) {
  if (api.worker.status().state == store::WorkerState::kDraining)
    co_return Response::problem({Fault::kDraining, "the worker takes no new sessions"});
  co_return co_await alive(request, api);
}

Task<Response> metrics(Request&, ControlApi& api) {
  Response response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = api.metrics.text();
  co_return response;
}

void add_browser_routes(net::Router& router, ControlApi& api) {
  router.add_upgrade("/session/{id}/devtools/browser/{guid}", [&api](Request& request) {
    return connect(request, api, "browser", request.params.at("guid"));
  });
  router.add_upgrade("/session/{id}/devtools/page/{target}", [&api](Request& request) {
    return connect(request, api, "page", request.params.at("target"));
  });
  for (const std::string method : {"GET", "PUT"}) {
    router.add(method, "/session/{id}/json/{rest...}",
               [&api](Request& request) { return discover(request, api); });
  }
}

}  // namespace

net::Router make_control_router(ControlApi& api) {
  net::Router router;
  router.set_guard([&api](const Request& request) { return refuse(request, api); });
  const auto with_api = [&api](Task<Response> (*route)(Request&, ControlApi&)) {
    return [&api, route](Request& request) { return route(request, api); };
  };
  router.add("GET", "/session", with_api(list));
  router.add("POST", "/session", with_api(start));
  router.add("GET", "/session/{id}", with_api(show));
  router.add("DELETE", "/session/{id}", with_api(end));
  router.add("POST", "/session/{id}/due", with_api(end_if_due));
  router.add("GET", "/status", with_api(status));
  router.add("POST", "/drain", with_api(drain));
  router.add("GET", "/livez", with_api(alive));
  router.add("GET", "/readyz", with_api(ready));
  router.add("GET", "/metrics", with_api(metrics));
  add_browser_routes(router, api);
  return router;
}

}  // namespace pbaas::worker
