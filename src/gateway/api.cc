#include "gateway/api.h"

namespace pbaas::gateway {

Result<SessionId> session_id(const net::Request& request) {
  const auto id = SessionId::parse(request.params.at("id"));
  if (!id) return SessionService::no_such_session();
  return *id;
}

std::string session_url(const net::Request& request, const Api& api, const SessionId& id) {
  return public_base(request, api.urls) + "/session/" + id.text();
}

net::Router make_router(Api& api) {
  net::Router router;
  router.set_guard([&api](const net::Request& request) { return api.auth.refuse(request); });
  router.set_finish([&api](const net::Request& request, net::Response& response) {
    if (!api.auth.allows_cross_origin(request)) return;
    response.headers.set("Access-Control-Allow-Origin",
                         std::string(*request.headers.get("Origin")));
    response.headers.set("Vary", "Origin");
  });
  add_session_routes(router, api);
  add_recording_routes(router, api);
  add_connect_routes(router, api);
  add_discovery_routes(router, api);
  add_service_routes(router, api);
  return router;
}

}  // namespace pbaas::gateway
