#include "net/http_parser.h"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <utility>

#include "net/handshake.h"

namespace pbaas::net {
namespace {

namespace http = boost::beast::http;
using boost::system::error_code;

// Heads are measured before the parser sees them (check_head); this is for those of browsers.
constexpr std::uint32_t kHeadBytesMax = 64 * 1024;

std::string text(boost::beast::string_view view) {
  return {view.data(), view.size()};
}

template <typename Message>
Headers headers_of(const Message& message) {
  Headers headers;
  for (const auto& field : message) headers.add(text(field.name_string()), text(field.value()));
  return headers;
}

// The shortest rest of a chunked body is "0", CR LF, CR LF. Beast 1.81 asserts that it is given
// that much once it has seen the 0, so it is never given less.
constexpr std::size_t kChunkedRestMin = 5;

// Feeds bytes until the parser is done or wants more. Gives how many it took.
template <typename Parser>
std::size_t feed(Parser& parser, std::string_view bytes, error_code& error) {
  std::size_t taken = 0;
  while (!parser.is_done() && taken < bytes.size()) {
    const bool in_chunks = parser.is_header_done() && parser.chunked();
    if (in_chunks && bytes.size() - taken < kChunkedRestMin) break;
    const auto rest = bytes.substr(taken);
    const auto n = parser.put(boost::asio::buffer(rest.data(), rest.size()), error);
    taken += n;
    if (error || n == 0) break;
  }
  if (error == http::error::need_more) error = {};
  return taken;
}

Error request_error(const error_code& error) {
  if (error == http::error::body_limit) {
    return {Fault::kBodyTooLarge, "the body is larger than this service takes"};
  }
  return {Fault::kMalformedHttp, "the request cannot be read: " + error.message()};
}

}  // namespace

class RequestParser::Impl {
 public:
  http::request_parser<http::string_body> parser;
  Headers headers;
  bool expects_continue = false;
};

RequestParser::RequestParser(std::size_t body_bytes_max) : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(kHeadBytesMax);
  impl_->parser.body_limit(body_bytes_max);
}
RequestParser::~RequestParser() = default;

Status RequestParser::take_head(std::string_view head) {
  error_code error;
  const auto taken = feed(impl_->parser, head, error);
  if (error) return request_error(error);
  if (!impl_->parser.is_header_done() || taken != head.size()) {
    return Error{Fault::kMalformedHttp, "the request head cannot be read"};
  }
  impl_->headers = headers_of(impl_->parser.get());
  // Only HTTP/1.1 knows interim responses.
  impl_->expects_continue = is_http_11() && has_token(impl_->headers, "Expect", "100-continue");
  impl_->parser.eager(true);
  return {};
}

Result<std::size_t> RequestParser::take_body(std::string_view bytes) {
  error_code error;
  const auto taken = feed(impl_->parser, bytes, error);
  if (error) return request_error(error);
  return taken;
}

bool RequestParser::done() const {
  return impl_->parser.is_done();
}

bool RequestParser::has_body() const {
  if (impl_->parser.chunked()) return true;
  const auto length = impl_->parser.content_length();
  return length && *length > 0;
}

bool RequestParser::expects_continue() const {
  return impl_->expects_continue;
}

bool RequestParser::keep_alive() const {
  return impl_->parser.keep_alive();
}

bool RequestParser::is_http_11() const {
  return impl_->parser.get().version() == 11;
}

Request RequestParser::take() {
  auto& message = impl_->parser.get();
  Request request;
  request.method = text(message.method_string());
  request.target = text(message.target());
  request.headers = std::move(impl_->headers);
  if (done()) request.body = take_body_text();
  return request;
}

std::string RequestParser::take_body_text() {
  return std::move(impl_->parser.get().body());
}

class ResponseParser::Impl {
 public:
  http::response_parser<http::string_body> parser;
};

ResponseParser::ResponseParser(std::size_t body_bytes_max) : impl_(std::make_unique<Impl>()) {
  impl_->parser.header_limit(kHeadBytesMax);
  impl_->parser.body_limit(body_bytes_max);
  impl_->parser.eager(true);
}
ResponseParser::~ResponseParser() = default;

Result<std::size_t> ResponseParser::take(std::string_view bytes) {
  error_code error;
  const auto taken = feed(impl_->parser, bytes, error);
  if (error) {
    return Error{Fault::kBrowserUnreachable, "its answer cannot be read: " + error.message()};
  }
  return taken;
}

Status ResponseParser::take_end() {
  error_code error = http::error::partial_message;
  if (impl_->parser.got_some() && !done()) impl_->parser.put_eof(error);
  if (error) return Error{Fault::kBrowserUnreachable, "its answer ended too early"};
  return {};
}

bool ResponseParser::done() const {
  return impl_->parser.is_done();
}

bool ResponseParser::head_done() const {
  return impl_->parser.is_header_done();
}

Response ResponseParser::response() {
  auto& message = impl_->parser.get();
  Response response;
  response.status = static_cast<int>(message.result_int());
  response.headers = headers_of(message);
  response.body = std::move(message.body());
  return response;
}

}  // namespace pbaas::net
