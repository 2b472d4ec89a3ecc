// Requests and responses out of bytes. The one place that names Boost.Beast, which costs 20 s for
// each file that does.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/http.h"

namespace pbaas::net {

// One request. Its fields are those of the head: trailers of a chunked body are read and dropped,
// because nobody expects a Host or an Authorization there.
class RequestParser {
 public:
  explicit RequestParser(std::size_t body_bytes_max);
  ~RequestParser();

  // `head` is whole and passed check_head. Errors: kMalformedHttp, kBodyTooLarge (already by
  // Content-Length).
  Status take_head(std::string_view head);
  // Gives how many of the bytes it took; those it left must come again with more behind them.
  // Errors: kMalformedHttp, kBodyTooLarge.
  Result<std::size_t> take_body(std::string_view bytes);
  bool done() const;

  bool has_body() const;
  bool expects_continue() const;
  bool keep_alive() const;
  bool is_http_11() const;
  // The request, with target and headers, and with its body when done; the path is not yet read.
  // Once, when the head is taken.
  Request take();
  // Of a request that was taken before its body. Once, when done.
  std::string take_body_text();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// One response to a request that is not a HEAD.
class ResponseParser {
 public:
  explicit ResponseParser(std::size_t body_bytes_max);
  ~ResponseParser();

  // Gives how many of the bytes it took. Errors: kBrowserUnreachable.
  Result<std::size_t> take(std::string_view bytes);
  // The other end sent all it had: the end of a body without a length, else an error.
  Status take_end();
  bool done() const;
  bool head_done() const;
  Response response();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbaas::net
