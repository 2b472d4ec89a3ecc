// Workers, probes, metrics, and the reference.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <sstream>

#include "gateway/api.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using net::Request;
using net::Response;
using net::Task;

json::object shown(const store::WorkerStatus& worker) {
  const bool ready = worker.state == store::WorkerState::kReady;
  return {{"id", worker.id},
          {"address", worker.address.empty() ? json::value(nullptr) : json::value(worker.address)},
          {"state", ready ? "ready" : "draining"},
          {"capacity", worker.capacity},
          {"used", worker.used},
          {"free", std::max(0, worker.capacity - worker.used)},
          {"version", worker.version}};
}

Task<Response> workers(Request&, Api& api) {
  const auto workers = co_await api.fleet.workers();
  if (!workers) co_return Response::problem(workers.error());
  json::array list;
  for (const auto& each : *workers) list.push_back(shown(each));
  json::object body;
  body["workers"] = std::move(list);
  co_return Response::json(200, body);
}

Task<Response> drain(Request&, Api&) {
  co_return Response::problem(
      {Fault::kNotImplemented,
       "draining one worker comes with the fleet; SIGTERM drains this one"});
}

Task<Response> alive(Request&, Api&) {
  const json::object body{{"status", "ok"}};
  co_return Response::json(200, body);
}

// Saturation is not unhealthiness: a full fleet queues. Only a service that takes no sessions at
// all is not ready.
Task<Response> ready(Request&, Api& api) {
  if (api.is_draining())
    co_return Response::problem({Fault::kDraining, "the service is being stopped"});
  const auto workers = co_await api.fleet.workers();
  if (!workers) co_return Response::problem(workers.error());
  if (workers->empty()) co_return Response::problem({Fault::kNoCapacity, "there is no worker"});
  const json::object body{{"status", "ok"}, {"isolation", api.isolation_none ? "none" : "sandbox"}};
  co_return Response::json(200, body);
}

Task<Response> metrics(Request&, Api& api) {
  Response response;
  response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.body = api.metrics.text();
  co_return response;
}

std::string_view content_type(const std::filesystem::path& file) {
  const auto extension = file.extension();
  if (extension == ".html") return "text/html; charset=utf-8";
  if (extension == ".js") return "text/javascript; charset=utf-8";
  if (extension == ".css") return "text/css; charset=utf-8";
  if (extension == ".json") return "application/json";
  if (extension == ".png") return "image/png";
  return "application/octet-stream";
}

// `name` is one of ours, never what a client sent.
Response file(const Api& api, const std::filesystem::path& name) {
  std::ifstream stream(api.assets / name, std::ios::binary);
  if (!stream)
    return Response::problem({Fault::kNoSuchRoute, "this installation has no " + name.string()});
  std::ostringstream content;
  content << stream.rdbuf();
  Response response;
  response.headers.set("Content-Type", std::string(content_type(name)));
  response.headers.set("Content-Security-Policy",
                       "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' "
                       "data:; frame-ancestors 'none'");
  response.body = std::move(content).str();
  return response;
}

void add_file(net::Router& router, Api& api, const std::string& path, std::filesystem::path name) {
  router.add("GET", path, [&api, name](Request&) -> Task<Response> { co_return file(api, name); });
}

}  // namespace

void add_service_routes(net::Router& router, Api& api) {
  const auto with_api = [&api](Task<Response> (*route)(Request&, Api&)) {
    return [&api, route](Request& request) { return route(request, api); };
  };
  router.add("GET", "/worker", with_api(workers));
  router.add("GET", "/workers", with_api(workers));
  router.add("POST", "/worker/{id}/drain", with_api(drain));
  router.add("GET", "/livez", with_api(alive));
  router.add("GET", "/readyz", with_api(ready));
  router.add("GET", "/metrics", with_api(metrics));
  add_file(router, api, "/openapi.json", "openapi.json");
  add_file(router, api, "/docs", "docs.html");
  add_file(router, api, "/docs/docs.js", "docs.js");
  // The reference's own program and style, from the package swagger-ui-dist.
  for (const std::string name : {"swagger-ui.css", "swagger-ui-bundle.js"}) {
    add_file(router, api, "/docs/" + name, "node_modules/swagger-ui-dist/" + name);
  }
}

}  // namespace pbaas::gateway
