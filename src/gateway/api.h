// The HTTP API of the gateway: each part adds its routes to a Router. What they share is here. Loop
// thread only.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "base/metrics.h"
#include "gateway/auth.h"
#include "gateway/host.h"
#include "gateway/session_service.h"
#include "net/router.h"
#include "session/options.h"
#include "store/object_store.h"
#include "store/recording_log.h"

namespace pbaas::gateway {

// Everything the routes use. Owned by `main`; outlives the server.
struct Api {
  SessionService& sessions;
  store::Fleet& fleet;
  WorkerClient& workers;
  Metrics& metrics;
  const Auth& auth;
  const Clock& clock;
  session::OptionLimits limits;
  PublicUrlConfig urls;
  std::string browser_version;  // such as "156.0.8078.79"
  bool isolation_none = false;
  std::filesystem::path assets;  // folder with openapi.json and the reference's files
  std::function<bool()> is_draining;
  // What was recorded, and where it is; null where this service records nothing.
  store::RecordingLog* recordings = nullptr;
  store::ObjectStore* objects = nullptr;
};

// POST, GET and DELETE of sessions. `api` is kept by reference.
void add_session_routes(net::Router& router, Api& api);
// What was recorded of a session.
void add_recording_routes(net::Router& router, Api& api);
// The WebSocket endpoints.
void add_connect_routes(net::Router& router, Api& api);
// Chromium's discovery documents, with our URLs.
void add_discovery_routes(net::Router& router, Api& api);
// Workers, probes, metrics and the reference.
void add_service_routes(net::Router& router, Api& api);

// All routes, behind authentication.
net::Router make_router(Api& api);

// The id in the path. Errors: kNoSuchSession for what is no id, so that it looks like an unknown
// one.
Result<SessionId> session_id(const net::Request& request);
std::string session_url(const net::Request& request, const Api& api, const SessionId& id);

}  // namespace pbaas::gateway
