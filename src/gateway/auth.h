// Who may use the API: API keys, and the web origins a browser may call from. Decided before any
// route is looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "net/http.h"

namespace pbaas::gateway {

class Auth {
 public:
  struct Config {
    std::vector<std::string> api_keys;         // empty: anyone
    std::vector<std::string> allowed_origins;  // "*" allows any
    std::string public_url;
  };

  explicit Auth(Config config);

  // The answer to a request that may go no further: 401, 403, or the answer to a CORS preflight.
  std::optional<net::Response> refuse(const net::Request& request) const;
  // The tenant of a request that `refuse` let pass: the same for the same key, telling nothing of
  // it. Empty without keys.
  std::string owner(const net::Request& request) const;
  // Whether the request comes from a web page that may read the answer.
  bool allows_cross_origin(const net::Request& request) const;

 private:
  std::optional<std::string> valid_key(const net::Request& request) const;
  bool allows_origin(const net::Request& request, std::string_view origin) const;

  const Config config_;
};

// The key a request carries: `Authorization: Bearer`, or `?token=` where a client can send no
// header.
std::optional<std::string> presented_key(const net::Request& request);

}  // namespace pbaas::gateway
