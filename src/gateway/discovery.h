// Chromium's own discovery documents, /json/version and /json/list, with our URLs in place of the
// debug port's. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

namespace pbaas::gateway {

struct DiscoveryUrls {
  std::string session_url;  // such as "http://host:8000/session/{id}"
  std::string token;  // the caller's own ?token=, repeated in the URLs it is given; often empty
};

// Rewrites `webSocketDebuggerUrl` and `devtoolsFrontendUrl` in an object, or in each object of an
// array.
void rewrite_discovery(boost::json::value& document, const DiscoveryUrls& urls);

}  // namespace pbaas::gateway
