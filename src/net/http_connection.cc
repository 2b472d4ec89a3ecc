#include "net/http_connection.h"

#include <algorithm>
#include <boost/system/system_error.hpp>
#include <exception>

#include "base/log.h"
#include "net/finish_by.h"
#include "net/handshake.h"
#include "net/head_check.h"
#include "net/http_parser.h"
#include "net/response_text.h"
#include "net/upgrade.h"
#include "net/url.h"

namespace pbaas::net {
namespace {

// Bytes of later requests taken in while one is answered. More stay in the kernel's buffer.
constexpr std::size_t kPipelinedBytesMax = 64 * 1024;
// Read and dropped after a last response.
constexpr std::size_t kLingerBytesMax = 8 * 1024 * 1024;
// The longest line of a chunked body: the size of a chunk, its extensions, or all trailers.
constexpr std::size_t kChunkLineBytesMax = 16 * 1024;
// For the rest of a request when the server stops.
constexpr Duration kLastReadMax{1'000};

std::string method_word(const std::string& method) {
  for (const auto* each : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}) {
    if (method == each) return method;
  }
  return "other";
}

Error internal() {
  return {Fault::kInternal, "something went wrong here; the service's log says what"};
}

// A handler that was cancelled throws too; only what it threw by itself is worth a line.
void log_failure(std::string_view route, std::string_view failure) {
  if (failure.empty()) return;
  log::error("http.handler_failed", {{"route", route}, {"what", failure}});
}

HeadLimits head_limits(const HttpLimits& limits) {
  return {.head_bytes_max = limits.head_bytes_max, .target_bytes_max = limits.target_bytes_max};
}

// The next piece of a body, or why there is none that fits.
Task<Result<std::string>> next_piece(BodySource& source, std::uint64_t bytes_left) {
  try {
    auto making = source.next();
    auto piece = co_await std::move(making);
    if (!piece) co_return piece.error();
    if (piece->empty()) co_return Error{Fault::kInternal, "the body ended early"};
    if (piece->size() > bytes_left) co_return Error{Fault::kInternal, "the body is too long"};
    co_return piece;
  } catch (const std::exception& failure) {
    co_return Error{Fault::kInternal, failure.what()};
  }
}

// What follows from the target and the fields.
Status complete(Request& request) {
  auto target = parse_target(request.target);
  if (!target) return target.error();
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  // RFC 9112 §3.2.2: an absolute target's host wins over the field.
  if (!target->authority.empty()) request.headers.set("Host", std::move(target->authority));
  return Status();
}

}  // namespace

// A request that could be read, and what is to be done with it.
struct HttpConnection::Asked {
  Request request;
  Plan plan;
};

// One request on its way to its answer.
struct HttpConnection::Exchange {
  Request& request;
  Plan& plan;
  std::optional<Response> response;
  std::string failure;  // what the handler threw
  // Of a handshake that the browser accepted.
  UpgradeTarget target;
  std::optional<RelaySeat> seat;
  std::optional<BrowserSide> browser;
};

HttpConnection::HttpConnection(boost::asio::ip::tcp::socket socket,
                               std::shared_ptr<HttpServerState> state)
    : stream_(std::move(socket)), state_(std::move(state)) {
  state_->connections.insert(this);
}

HttpConnection::~HttpConnection() {
  leave_idle();
  state_->connections.erase(this);
}

Task<void> HttpConnection::serve(boost::asio::ip::tcp::socket socket,
                                 std::shared_ptr<HttpServerState> state) {
  HttpConnection connection(std::move(socket), std::move(state));
  bool go_on = true;
  while (go_on) {
    go_on = co_await connection.wait_for_request();
    if (go_on) go_on = co_await connection.serve_one();
  }
}

void HttpConnection::set_deadline(Duration wait) {
  deadline_ = state_->clock.now() + wait;
  expired_ = false;
}

void HttpConnection::set_read_deadline(Duration wait) {
  set_deadline(state_->stopping ? std::min(wait, kLastReadMax) : wait);
}

void HttpConnection::sweep(Instant now) {
  if (now < deadline_) return;
  expired_ = true;
  stream_.interrupt();
}

void HttpConnection::stop() {
  if (idle_) stream_.interrupt();
  if (reading_) deadline_ = std::min(deadline_, state_->clock.now() + kLastReadMax);
}

// A request that has just come is still answered.
void HttpConnection::make_room() {
  unwanted_ = true;
  leave_idle();
  stream_.interrupt();
}

void HttpConnection::leave_idle() {
  idle_ = false;
  if (place_.empty()) place_.splice(place_.end(), state_->kept_alive, node_);
}

// A connection that never sent a byte, or none since its last answer, is closed without a word: an
// answer to no request could be taken for the answer to the next one.
Task<bool> HttpConnection::wait_for_request() {
  if (state_->stopping) co_return false;
  const auto& limits = state_->limits;
  set_deadline(first_request_ ? limits.head_deadline : limits.keep_alive);
  if (!stream_.buffered().empty()) co_return true;
  idle_ = true;
  if (!first_request_) state_->kept_alive.splice(state_->kept_alive.end(), place_);
  const bool got = co_await stream_.read_more(state_->scratch);
  leave_idle();
  co_return got && !state_->closed;
}

Task<bool> HttpConnection::serve_one() {
  // The first request's time runs from the accept, so that bytes sent late buy no more of it.
  if (!first_request_ || state_->stopping) set_read_deadline(state_->limits.head_deadline);
  first_request_ = false;
  reading_ = true;
  auto asked = co_await read_request();
  reading_ = false;
  const auto begun = state_->clock.now();
  if (state_->closed) co_return false;
  if (!asked) {
    const bool go_on = co_await refuse(asked.error(), begun);
    co_return go_on;
  }
  const bool go_on = co_await answer(*asked, begun);
  co_return go_on;
}

// The head alone decides what is to be done, so whoever is refused never has a body held for them.
Task<Result<HttpConnection::Asked>> HttpConnection::read_request() {
  RequestParser parser(state_->limits.body_bytes_max);
  const auto head = co_await read_head(parser);
  if (!head) co_return head.error();
  keep_alive_ = parser.keep_alive();
  Asked asked{parser.take(), {}};
  auto& request = asked.request;
  const auto completed = complete(request);
  if (!completed) co_return completed.error();
  request.peer = stream_.peer();
  request.is_upgrade = asks_for_websocket(request.headers);
  if (request.is_upgrade && (parser.has_body() || !parser.is_http_11())) {
    co_return Error{Fault::kBadUpgrade, "a WebSocket handshake is HTTP/1.1 without a body"};
  }

  asked.plan = plan_for(request);
  if (parser.done()) co_return asked;
  if (std::holds_alternative<Response>(asked.plan.next)) {
    keep_alive_ = false;
    co_return asked;
  }
  const auto body = co_await read_body(parser);
  if (!body) co_return body.error();
  request.body = parser.take_body_text();
  co_return asked;
}

Task<Status> HttpConnection::read_head(RequestParser& parser) {
  const auto limits = head_limits(state_->limits);
  // RFC 9112 §2.2: one empty line before a request is ignored.
  while (stream_.buffered() == "\r") {
    const auto more = co_await read_more();
    if (!more) co_return more;
  }
  if (stream_.buffered().starts_with("\r\n")) stream_.consume(2);

  std::size_t seen = 0;
  auto length = head_length(stream_.buffered());
  while (length == 0) {
    const auto so_far = check_partial_head(stream_.buffered(), limits, seen);
    if (!so_far) co_return so_far;
    seen = stream_.buffered().size();
    const auto more = co_await read_more();
    if (!more) co_return more;
    length = head_length(stream_.buffered(), seen);
  }
  const auto head = std::string_view(stream_.buffered()).substr(0, length);
  auto checked = check_head(head, limits);
  if (checked) checked = parser.take_head(head);
  if (checked) stream_.consume(length);
  co_return checked;
}

Task<Status> HttpConnection::read_body(RequestParser& parser) {
  set_read_deadline(state_->limits.body_deadline);
  if (parser.expects_continue() && stream_.buffered().empty()) {
    // A write that fails is seen by the read that follows.
    co_await stream_.write("HTTP/1.1 100 Continue\r\n\r\n");
  }
  while (true) {
    const auto taken = parser.take_body(stream_.buffered());
    if (!taken) co_return taken.error();
    stream_.consume(*taken);
    if (parser.done()) co_return Status();
    if (stream_.buffered().size() > kChunkLineBytesMax) {
      co_return Error{Fault::kMalformedHttp, "a line of the chunked body is too long"};
    }
    const auto more = co_await read_more();
    if (!more) co_return more;
  }
}

Task<Status> HttpConnection::read_more() {
  if (!expired_) {
    const bool got = co_await stream_.read_more(state_->scratch);
    if (got) co_return Status();
  }
  if (expired_) {
    co_return Error{Fault::kRequestTimeout, "the request did not arrive in time"};
  }
  co_return Error{Fault::kCancelled, "the client left"};
}

Task<bool> HttpConnection::answer(Asked& asked, Instant begun) {
  auto& request = asked.request;
  Exchange exchange{request, asked.plan, {}, {}, {}, {}, {}};
  if (auto* ready = std::get_if<Response>(&exchange.plan.next)) {
    exchange.response = std::move(*ready);
  } else {
    // What a handler waits for has a deadline of its own.
    clear_deadline();
    auto work = produce(exchange);
    auto hangup = watch_for_hangup();
    auto race = run_unless(std::move(work), std::move(hangup));
    const bool done = co_await std::move(race);
    if (!done || state_->closed) {
      report(request.method, exchange.plan.route, http_status(Fault::kCancelled), begun);
      co_return false;
    }
    log_failure(exchange.plan.route, exchange.failure);
  }
  if (exchange.browser) {
    co_await hand_over(exchange, begun);
    co_return false;
  }
  const bool go_on = co_await send(exchange, begun);
  co_return go_on;
}

Plan HttpConnection::plan_for(Request& request) const {
  try {
    return state_->router.plan(request);
  } catch (const std::exception& failure) {
    log::error("http.guard_failed", {{"what", failure.what()}});
    return {"", Response::problem(internal())};
  }
}

Task<void> HttpConnection::produce(Exchange& exchange) {
  try {
    if (const auto* upgrade = std::get_if<const UpgradeHandler*>(&exchange.plan.next)) {
      co_await run_upgrade(exchange, **upgrade);
      co_return;
    }
    const auto& handler = *std::get<const Handler*>(exchange.plan.next);
    auto task = handler(exchange.request);
    exchange.response = co_await std::move(task);
  } catch (const std::exception& failure) {
    exchange.failure = failure.what();
    exchange.response = Response::problem(internal());
  }
}

Task<void> HttpConnection::run_upgrade(Exchange& exchange, const UpgradeHandler& handler) {
  auto task = handler(exchange.request);
  auto answer = co_await std::move(task);
  if (auto* response = std::get_if<Response>(&answer)) {
    exchange.response = std::move(*response);
    co_return;
  }
  exchange.target = std::get<UpgradeTarget>(std::move(answer));
  const auto& group = exchange.target.group;
  exchange.seat = RelaySeat::take(group);
  if (!exchange.seat) {
    exchange.response = Response::problem(
        {Fault::kTooManyConnections, "the session has all the connections it may have"});
    co_return;
  }

  const auto deadline = Deadline::after(state_->clock, state_->limits.handshake_deadline);
  auto opening = open_browser_side(exchange.target, exchange.request, deadline);
  auto side = co_await std::move(opening);
  // An ending session's browser is often gone already: its end is the better reason.
  if (const auto closing = group->closing()) {
    Error ended{Fault::kSessionEnded, "the session has ended: " + closing->reason};
    ended.end_reason = closing->reason;
    exchange.response = Response::problem(ended);
  } else if (!side) {
    exchange.response = Response::problem(side.error());
  } else {
    exchange.browser.emplace(std::move(*side));
  }
}

// A client that is gone gets no answer, so nothing is done for it any longer: it leaves the queue,
// and no browser is started. The end of its stream counts as gone, although TCP lets a client shut
// down its sending side and still read: no HTTP client in use does that, and a closed laptop, a
// killed script and a cancelled fetch all look exactly so.
Task<void> HttpConnection::watch_for_hangup() {
  bool there = true;
  while (there) {
    if (stream_.buffered().size() >= kPipelinedBytesMax) {
      co_await stream_.wait_until_broken();
      co_return;
    }
    there = co_await stream_.read_more(state_->scratch);
  }
}

Task<bool> HttpConnection::send(Exchange& exchange, Instant begun) {
  const auto& request = exchange.request;
  auto& response = *exchange.response;
  state_->router.finish(request, response);
  // What follows a handshake that was refused may be frames: it is never read as a request.
  if (state_->stopping || unwanted_ || request.is_upgrade) keep_alive_ = false;
  const bool written = co_await write(response, request.method == "HEAD");
  report(request.method, exchange.plan.route, response.status, begun);
  if (!written) co_return false;
  if (!keep_alive_) co_await linger();
  co_return keep_alive_;
}

Task<bool> HttpConnection::refuse(const Error& error, Instant begun) {
  if (error.fault == Fault::kCancelled) co_return false;
  // Where a request cannot be read, nobody can say where the next one starts.
  keep_alive_ = false;
  const auto response = Response::problem(error);
  const bool written = co_await write(response, false);
  report("", "", response.status, begun);
  if (written) co_await linger();
  co_return false;
}

Task<bool> HttpConnection::write(const Response& response, bool head_only) {
  const auto connection = keep_alive_ ? Connection::kKeepAlive : Connection::kClose;
  const auto head = head_text(response, connection);
  const bool bare = head_only || !has_body(response.status);
  const std::string_view body = bare ? std::string_view() : std::string_view(response.body);
  set_deadline(state_->limits.write_deadline);
  const bool written = co_await stream_.write(head, body);
  if (!written || bare || !response.source) co_return written;
  const auto source = response.source;
  const bool poured = co_await pour(*source);
  co_return poured;
}

// One piece in memory at a time: the next is asked for when the client has taken the last.
Task<bool> HttpConnection::pour(BodySource& source) {
  std::uint64_t sent = 0;
  while (sent < source.bytes) {
    clear_deadline();
    auto asking = next_piece(source, source.bytes - sent);
    const auto piece = co_await std::move(asking);
    if (state_->closed) co_return false;
    if (!piece) {
      log::warn("http.body_broke_off",
                {{"sent", sent}, {"of", source.bytes}, {"why", piece.error().detail}});
      co_return false;
    }
    set_deadline(state_->limits.write_deadline);
    const bool written = co_await stream_.write(*piece);
    if (!written) co_return false;
    sent += piece->size();
  }
  co_return true;
}

// From the 101 on nothing is ever written here: what follows is frames.
Task<void> HttpConnection::hand_over(Exchange& exchange, Instant begun) {
  auto& browser = *exchange.browser;
  set_deadline(state_->limits.write_deadline);
  const bool written = co_await stream_.write(browser.head);
  const int status = written ? 101 : http_status(Fault::kCancelled);
  report(exchange.request.method, exchange.plan.route, status, begun);
  if (!written || state_->closed) co_return;

  RelayStart start;
  start.to_browser = stream_.take_buffered();
  start.to_client = browser.stream.take_buffered();
  start.client = stream_.release();
  start.browser = browser.stream.release();
  start.endpoint = exchange.target.endpoint;
  start.group = exchange.target.group;
  start.seat = std::move(exchange.seat);
  state_->relays.start(std::move(start));
}

// Closing a socket with unread bytes resets the connection, and the reset can overtake the
// response. So the client is told that this was all, and what it still sends is dropped for a
// while.
Task<void> HttpConnection::linger() {
  stream_.finish_writing();
  set_deadline(state_->limits.linger);
  std::size_t dropped = 0;
  bool there = true;
  while (there && !expired_ && dropped < kLingerBytesMax) {
    dropped += stream_.buffered().size();
    stream_.take_buffered();
    there = co_await stream_.read_more(state_->scratch);
  }
}

void HttpConnection::report(std::string_view method, const std::string& route, int status,
                            Instant begun) const {
  if (!state_->on_answered) return;
  Answered answered;
  answered.method = method.empty() ? "" : method_word(std::string(method));
  answered.route = route;
  answered.status = status;
  answered.duration = state_->clock.now() - begun;
  state_->on_answered(answered);
}

}  // namespace pbaas::net
