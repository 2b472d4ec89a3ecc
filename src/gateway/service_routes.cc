// Workers, probes, metrics, and the reference.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fstream>
#include <optional>
#include <sstream>

#include "gateway/api.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using net::Request;
using net::Response;
using net::Task;

json::object shown(const store::WorkerStatus& worker) {
  const auto& address = worker.worker.address;
  return {{"id", worker.worker.id},
          {"address", address.empty() ? json::value(nullptr) : json::value(address)},
          {"state", to_word(worker.state)},
          {"capacity", worker.capacity},
          {"used", worker.used},
          {"free", std::max(0, worker.capacity - worker.used)},
          {"warm", worker.warm},
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

// The worker as it is from now on; a drain that goes on already is no error.
Task<Response> drain(Request& request, Api& api) {
  const auto workers = co_await api.fleet.workers();
  if (!workers) co_return Response::problem(workers.error());
  const auto& id = request.params.at("id");
  const auto found =
      std::ranges::find_if(*workers, [&id](const auto& each) { return each.worker.id == id; });
  if (found == workers->end())
    co_return Response::problem({Fault::kNoSuchWorker, "there is no worker with this id"});
  const auto drained = co_await api.workers.drain(found->worker);
  if (!drained) co_return Response::problem(drained.error());
  auto draining = *found;
  draining.state = store::WorkerState::kDraining;
  co_return Response::json(202, shown(draining));
}

Task<Response> alive(Request&, Api&) {
  const json::object body{{"status", "ok"}};
  co_return Response::json(200, body);
}

// Saturation is not unhealthiness: a full fleet queues, and so does one whose workers are still to
// come. Only a service that takes no sessions at all is not ready.
Task<Response> ready(Request&, Api& api) {
  if (api.is_draining())
    co_return Response::problem({Fault::kDraining, "the service is being stopped"});
  const auto workers = co_await api.fleet.workers();
  if (!workers) co_return Response::problem(workers.error());
  const json::object body{{"status", "ok"},
                          {"isolation", api.isolation_none ? "none" : "sandbox"},
                          {"workers", workers->size()}};
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

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) return std::nullopt;
  std::ostringstream content;
  content << stream.rdbuf();
  return std::move(content).str();
}

// Read once, at the start: nothing waits for a disk on the loop.
void add_file(net::Router& router, const std::string& path, const std::filesystem::path& file) {
  Response response = Response::problem(
      {Fault::kNoSuchRoute, "this installation has no " + file.filename().string()});
  if (auto content = read_file(file)) {
    response = Response{};
    response.headers.set("Content-Type", std::string(content_type(file)));
    response.headers.set(
        "Content-Security-Policy",
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'none'");
    response.body = std::move(*content);
  }
  router.add("GET", path, [response](Request&) -> Task<Response> { co_return response; });
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
  add_file(router, "/openapi.json", api.assets / "openapi.json");
  add_file(router, "/docs", api.assets / "docs.html");
  add_file(router, "/docs/docs.js", api.assets / "docs.js");
  // The reference's own program and style, from the package swagger-ui-dist.
  const auto package = api.assets / "node_modules" / "swagger-ui-dist";
  for (const std::string name : {"swagger-ui.css", "swagger-ui-bundle.js"})
    add_file(router, "/docs/" + name, package / name);
}

}  // namespace pbaas::gateway
