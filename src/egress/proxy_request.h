// What a browser asks its proxy for: a tunnel (CONNECT) or one exchange of plain HTTP, and the head
// to pass on for it. Pure. https://www.rfc-editor.org/rfc/rfc9110#section-7.6
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/host_port.h"
#include "egress/body_walker.h"
#include "net/head_check.h"

namespace pbaas::egress {

// Chromium itself gives up on heads of 256 KiB; what servers take is mostly far less.
inline constexpr net::HeadLimits kProxyHeadLimits{
    .head_bytes_max = 128 * 1024, .target_bytes_max = 96 * 1024, .fields_max = 256};

struct ProxyRequest {
  enum class Kind { kConnect, kPlain };

  Kind kind = Kind::kConnect;
  HostPort destination;
  // Of kPlain:
  Framing body;
  bool keep_alive = false;
  bool wants_upgrade = false;
  bool is_head = false;  // its response has no body, whatever it says
  // The head to send, in two parts, without what is between the browser and us alone. The first
  // line differs: an origin server gets the path, another proxy the whole URL.
  std::string method;
  std::string url;
  std::string path;
  std::string rest;  // " HTTP/1.1", the fields and the empty line

  std::string head_for_origin() const { return method + " " + path + rest; }
  // `credentials` is a whole field line, or empty.
  std::string head_for_proxy(std::string_view credentials) const;
};

// `head` is whole. Errors: those of net::check_head, and kMalformedHttp for a destination that
// cannot be read or a URL that is not http:.
Result<ProxyRequest> read_proxy_request(std::string_view head);

}  // namespace pbaas::egress
