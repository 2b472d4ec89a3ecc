// The gateway's front alone, for the relay benchmark: our HTTP server and relay with one upgrade
// route, /echo, to a server on loopback whose port is the argument; with a path behind it, that
// server is another front, as a worker is to a gateway. Prints its own port, and runs until stdin
// ends.
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "net/http_server.h"
#include "net/relay_pool.h"
#include "net/router.h"

using namespace pbaas;
using namespace pbaas::net;

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return 2;
  const int echo_port = std::atoi(argv[1]);
  const std::string path = argc == 3 ? argv[2] : "/";
  const auto endpoint = argc == 3 ? RelayEndpoint::kWorker : RelayEndpoint::kBrowser;
  const SystemClock clock;
  Loop loop;
  RelayPool relays(1, clock, RelayLimits{});
  Router router;
  // A group for each connection, as when each client has a session of its own.
  router.add_upgrade("/echo", [&](Request&) -> Task<std::variant<Response, UpgradeTarget>> {
    co_return UpgradeTarget{.host = "127.0.0.1",
                            .port = echo_port,
                            .path = path,
                            .group = std::make_shared<RelayGroup>(clock),
                            .endpoint = endpoint};
  });
  HttpServer server(loop, clock, std::move(router), relays, HttpLimits{});
  const auto port = server.listen("127.0.0.1", 0);
  if (!port) return 1;
  std::printf("%d\n", *port);
  std::fflush(stdout);

  boost::asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
  input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [&](const boost::system::error_code&) { loop.stop(); });
  loop.run();
  return 0;
}
