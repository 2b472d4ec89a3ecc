// One client's connection: reads requests, has them answered in order, and hands itself over after
// a WebSocket handshake. Owned by its own coroutine. Loop thread only.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <unordered_set>

#include "net/byte_stream.h"
#include "net/http_server.h"

namespace pbaas::net {

class HttpConnection;
class RequestParser;

// What a server and its connections share.
struct HttpServerState {
  HttpServerState(Loop& the_loop, const Clock& the_clock, Router the_router, RelayPool& the_relays,
                  HttpLimits the_limits);

  Loop& loop;
  const Clock& clock;
  const Router router;
  RelayPool& relays;
  const HttpLimits limits;
  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::steady_timer sweep_timer;
  std::unordered_set<HttpConnection*> connections;
  // Those between two requests, the longest so first.
  std::list<HttpConnection*> kept_alive;
  Instant next_full_warning{};
  std::function<void(const Answered&)> on_answered;
  bool stopping = false;  // no further requests
  bool closed = false;    // the server is gone
  // Each read is used up before the loop turns, so all connections share one buffer.
  std::array<char, 64 * 1024> scratch;
};

class HttpConnection {
 public:
  // Serves the connection to its end.
  static Task<void> serve(boost::asio::ip::tcp::socket socket,
                          std::shared_ptr<HttpServerState> state);

  HttpConnection(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpServerState> state);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  // Ends the wait under way if its deadline has passed.
  void sweep(Instant now);
  // No further requests: closes an idle connection, and hurries a request that is not yet here.
  void stop();
  // Ends a connection that is idle, so that a new one has room.
  void make_room();
  void abort() { stream_.close(); }

 private:
  struct Asked;
  struct Exchange;

  Task<bool> wait_for_request();
  Task<bool> serve_one();
  Task<Result<Asked>> read_request();
  Task<Status> read_head(RequestParser& parser);
  Task<Status> read_body(RequestParser& parser);
  Task<Status> read_more();
  Task<bool> answer(Asked& asked, Instant begun);
  Plan plan_for(Request& request) const;
  Task<void> produce(Exchange& exchange);
  Task<void> run_upgrade(Exchange& exchange, const UpgradeHandler& handler);
  Task<void> watch_for_hangup();
  Task<bool> send(Exchange& exchange, Instant begun);
  Task<bool> refuse(const Error& error, Instant begun);
  Task<bool> write(const Response& response, bool head_only);
  Task<bool> pour(BodySource& source);
  Task<void> hand_over(Exchange& exchange, Instant begun);
  Task<void> linger();

  void leave_idle();
  void set_read_deadline(Duration wait);
  void set_deadline(Duration wait);
  void clear_deadline() {
    deadline_ = Instant::max();
    expired_ = false;
  }
  void report(std::string_view method, const std::string& route, int status, Instant begun) const;

  ByteStream stream_;
  std::shared_ptr<HttpServerState> state_;
  Instant deadline_ = Instant::max();
  // Our own node of kept_alive, which it moves to and from without an allocation.
  std::list<HttpConnection*> place_{this};
  std::list<HttpConnection*>::iterator node_ = place_.begin();
  bool idle_ = true;      // between requests
  bool reading_ = false;  // a request, of which some is here
  bool expired_ = false;  // the deadline passed during the wait under way
  bool first_request_ = true;
  bool keep_alive_ = true;  // after the request under way
  bool unwanted_ = false;   // the request under way is the last
};

}  // namespace pbaas::net
