// The HTTP server: accepts connections on the loop, and runs one coroutine for each. After a
// WebSocket handshake the connection leaves it for the RelayPool. Loop thread only; the clock and
// the pool outlive the loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "net/relay_pool.h"
#include "net/router.h"
#include "net/task.h"

namespace pbaas::net {

struct HttpLimits {
  std::size_t head_bytes_max = 16 * 1024;
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t body_bytes_max = 1024 * 1024;
  Duration head_deadline{5'000};        // from the first byte; from accept, for the first request
  Duration body_deadline{10'000};       // from the end of the head
  Duration keep_alive{75'000};          // between requests; above the 60 s of common load balancers
  Duration handshake_deadline{10'000};  // with the browser
  Duration write_deadline{30'000};      // for a whole response, or a piece of a long one
  Duration linger{2'000};               // for the client to read a last response
  Duration sweep_interval{100};         // how late a deadline may be noticed
  // When it is reached, the connection that has been idle between requests for longest gives way to
  // a new one; where none is idle, the new one gets a 503.
  std::size_t connections_max = 20'000;
};

// One answered request, for logs and metrics. `method` is one of HTTP's own or "other", and `route`
// a pattern, so neither grows without bound; both are empty where the request could not be read.
struct Answered {
  std::string method;
  std::string route;
  int status = 0;  // 101: now a relay; 499: the client left before the answer
  Duration duration{0};
};

struct HttpServerState;

class HttpServer {
 public:
  HttpServer(Loop& loop, const Clock& clock, Router router, RelayPool& relays, HttpLimits limits);
  // Ends every connection and cancels what runs for it. The loop must run once more for the
  // cancelled tasks to leave.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // `host` is an IPv4 or IPv6 address; port 0 is any free one. Gives the bound port. Errors:
  // kInvalidField, naming the address and what to do.
  Result<int> listen(const std::string& host, int port);
  // Closes the listener and idle connections; requests under way are answered, then closed. What of
  // a request is still to come has one second. So connections() is 0 at most `linger` and a second
  // after the last handler is done and the last client has taken its answer.
  void stop_accepting();
  std::size_t connections() const;
  // Called on the loop for each request that was answered.
  void on_answered(std::function<void(const Answered&)> callback);

 private:
  // Shared with the connections' coroutines, which the loop may keep for a moment longer.
  std::shared_ptr<HttpServerState> state_;
};

}  // namespace pbaas::net
