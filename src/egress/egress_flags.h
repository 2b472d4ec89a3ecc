// The launch flags that send all of a browser's traffic to its session's egress proxy. Pure.
#pragma once

#include <string>
#include <vector>

namespace pbaas::egress {

// `port` is that of the session's listening socket, on 127.0.0.1 inside the session's network
// namespace. `<-loopback>` takes back Chromium's own exception, by which loopback never reaches a
// proxy. Neither user nor password of an upstream proxy is ever among the flags.
//
// No flag raises Chromium's limit of sockets to one proxy: it is 128 and more since version 149 (32
// before), which docs/egress.md has measured.
std::vector<std::string> egress_flags(int port);

}  // namespace pbaas::egress
