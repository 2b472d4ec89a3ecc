// Which handler answers which path. Filled once at the start, then only read, on the loop. The
// rules of HTTP that need no handler (404, 405 with Allow, OPTIONS, HEAD, 426) are here, without
// I/O.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "net/http.h"

namespace pbaas::net {

// What is to be done with a request: a Response that is ready, or the handler to run. `route` is
// the pattern, for logs and metrics, and empty where no path matched.
struct Plan {
  std::string route;
  std::variant<Response, const Handler*, const UpgradeHandler*> next;
};

class Router {
 public:
  using Guard = std::function<std::optional<Response>(const Request&)>;
  using Finish = std::function<void(const Request&, Response&)>;

  // Patterns are "/session/{id}", or "/docs/{rest...}" for a tail of any length. A literal segment
  // wins over {one}, and that over a tail.
  void add(std::string method, std::string pattern, Handler handler);
  // A WebSocket endpoint; may share its path with other routes.
  void add_upgrade(std::string pattern, UpgradeHandler handler);
  // Runs before every route, also before 404 and 405; answering a Response ends the request there.
  void set_guard(Guard guard) { guard_ = std::move(guard); }
  // Runs on every Response to a request that could be read, such as to add CORS headers.
  void set_finish(Finish finish) { finish_ = std::move(finish); }

  // Fills request.params. The handlers it points to live as long as the Router.
  Plan plan(Request& request) const;
  void finish(const Request& request, Response& response) const {
    if (finish_) finish_(request, response);
  }

 private:
  struct Route {
    std::string pattern;
    std::vector<std::string> segments;
    std::map<std::string, Handler> methods;
    UpgradeHandler upgrade;
  };

  Route& route_of(std::string pattern);
  const Route* find(std::string_view path, std::map<std::string, std::string>& params) const;
  static Plan plan_on(const Route& route, const Request& request);

  std::vector<Route> routes_;
  Guard guard_;
  Finish finish_;
};

}  // namespace pbaas::net
