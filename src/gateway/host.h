// Hosts and public URLs: what a request says of how the outside reaches us. Pure.
#pragma once

#include <string>
#include <string_view>

#include "net/http.h"

namespace pbaas::gateway {

// Whether a Host field names an IP address or localhost, with or without a port.
bool is_address_or_localhost(std::string_view host);
// "https://a.example:8443/path" to "https://a.example:8443".
std::string origin_of(std::string_view url);

struct PublicUrlConfig {
  std::string public_url;        // wins where it is set
  bool trust_forwarded = false;  // whether X-Forwarded-Proto and X-Forwarded-Host are believed
};

// What the URLs in an answer to this request begin with, such as "https://browsers.example:8443".
std::string public_base(const net::Request& request, const PublicUrlConfig& config);
// The same for WebSocket URLs: http becomes ws, https becomes wss.
std::string websocket_base(std::string_view http_base);

}  // namespace pbaas::gateway
