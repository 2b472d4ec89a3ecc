#include "net/http_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <vector>

#include "base/log.h"
#include "net/as_tuple.h"
#include "net/event.h"
#include "net/http_connection.h"
#include "net/response_text.h"

namespace pbaas::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// When the process has no descriptors left, connections wait in the kernel's queue meanwhile.
constexpr Duration kAcceptPause{100};
constexpr Duration kFullWarningPause{1'000};

// One non-blocking write: whoever is turned away is not waited for.
void turn_away(tcp::socket socket, const HttpLimits& limits) {
  const auto response = Response::problem(
      {Fault::kNoCapacity,
       "this server has its " + std::to_string(limits.connections_max) + " connections", "", 1});
  const auto text = head_text(response, Connection::kClose) + response.body;
  error_code ignored;
  socket.non_blocking(true, ignored);
  socket.write_some(asio::buffer(text), ignored);
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

// Whoever floods the server would flood its log too.
void warn_full(HttpServerState& state) {
  const auto now = state.clock.now();
  if (now < state.next_full_warning) return;
  state.next_full_warning = now + kFullWarningPause;
  log::warn("http.connections_max", {{"limit", state.limits.connections_max}});
}

// False: there is no room for one more connection. An idle one costs its client the least.
bool find_room(HttpServerState& state) {
  if (state.connections.size() < state.limits.connections_max) return true;
  warn_full(state);
  if (state.kept_alive.empty()) return false;
  state.kept_alive.front()->make_room();
  return true;
}

Task<void> accept_connections(std::shared_ptr<HttpServerState> state) {
  while (!state->stopping) {
    auto [error, socket] = co_await state->acceptor.async_accept(kAsTuple);
    if (state->stopping) co_return;
    if (error) {
      const auto why = error.message();
      log::warn("http.accept_failed", {{"error", why.c_str()}});
      co_await sleep_for(kAcceptPause);
      continue;
    }
    if (!find_room(*state)) {
      turn_away(std::move(socket), state->limits);
      continue;
    }
    asio::co_spawn(state->loop, HttpConnection::serve(std::move(socket), state), asio::detached);
  }
}

// A timer for each connection would cost an allocation for each request; deadlines are seconds, so
// one look at all of them every tenth of a second does.
Task<void> sweep_connections(std::shared_ptr<HttpServerState> state) {
  while (!state->closed) {
    state->sweep_timer.expires_after(state->limits.sweep_interval);
    co_await state->sweep_timer.async_wait(kAsTuple);
    const auto now = state->clock.now();
    for (auto* connection : state->connections) connection->sweep(now);
  }
}

Error cannot_listen(const std::string& host, int port, const error_code& error) {
  return {Fault::kInvalidField,
          "cannot listen on " + host + " port " + std::to_string(port) + ": " + error.message() +
              "; choose another HOST or PORT, or stop what uses it",
          "PORT"};
}

error_code open_and_listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

}  // namespace

HttpServerState::HttpServerState(Loop& the_loop, const Clock& the_clock, Router the_router,
                                 RelayPool& the_relays, HttpLimits the_limits)
    : loop(the_loop),
      clock(the_clock),
      router(std::move(the_router)),
      relays(the_relays),
      limits(the_limits),
      acceptor(the_loop),
      sweep_timer(the_loop) {}

HttpServer::HttpServer(Loop& loop, const Clock& clock, Router router, RelayPool& relays,
                       HttpLimits limits)
    : state_(std::make_shared<HttpServerState>(loop, clock, std::move(router), relays, limits)) {}

HttpServer::~HttpServer() {
  stop_accepting();
  state_->closed = true;
  state_->on_answered = nullptr;
  state_->sweep_timer.cancel();
  for (auto* connection : state_->connections) connection->abort();
}

Result<int> HttpServer::listen(const std::string& host, int port) {
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return cannot_listen(host, port, error);
  const tcp::endpoint endpoint(address, static_cast<unsigned short>(port));
  error = open_and_listen(state_->acceptor, endpoint);
  if (error) {
    error_code ignored;
    state_->acceptor.close(ignored);
    return cannot_listen(host, port, error);
  }
  asio::co_spawn(state_->loop, accept_connections(state_), asio::detached);
  asio::co_spawn(state_->loop, sweep_connections(state_), asio::detached);
  return state_->acceptor.local_endpoint().port();
}

void HttpServer::stop_accepting() {
  state_->stopping = true;
  error_code ignored;
  state_->acceptor.close(ignored);
  for (auto* connection : state_->connections) connection->stop();
}

std::size_t HttpServer::connections() const {
  return state_->connections.size();
}

void HttpServer::on_answered(std::function<void(const Answered&)> callback) {
  state_->on_answered = std::move(callback);
}

}  // namespace pbaas::net
