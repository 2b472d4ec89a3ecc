// What browsers send to their proxy and servers send back: heads and bodies. A head that is passed
// on is one again, and a body ends at the same byte however it is cut. Answers of an upstream proxy
// are read from the same bytes.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string_view>

#include "egress/proxy_request.h"
#include "egress/response_head.h"
#include "egress/upstream_handshake.h"
#include "net/head_check.h"

using namespace pbaas;
using namespace pbaas::egress;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

struct Walked {
  std::size_t taken = 0;
  bool done = false;
  bool broken = false;
  bool operator==(const Walked&) const = default;
};

Walked walk(Framing framing, std::string_view bytes, std::size_t piece) {
  BodyWalker walker(framing);
  Walked walked;
  while (walked.taken < bytes.size() && !walker.done() && !walker.broken()) {
    const auto next = bytes.substr(walked.taken, piece);
    const auto taken = walker.walk(std::as_bytes(std::span(next)));
    require(taken <= next.size());
    require(taken == next.size() || walker.done() || walker.broken());
    walked.taken += taken;
  }
  walked.done = walker.done();
  walked.broken = walker.broken();
  return walked;
}

void check_body(Framing framing, std::string_view bytes) {
  const auto whole = walk(framing, bytes, bytes.size() + 1);
  require(walk(framing, bytes, 1) == whole);
  require(walk(framing, bytes, 7) == whole);
}

void check_request(std::string_view bytes) {
  const auto length = net::head_length(bytes);
  if (length == 0) return;
  const auto request = read_proxy_request(bytes.substr(0, length));
  if (!request || request->kind == ProxyRequest::Kind::kConnect) return;
  check_body(request->body, bytes.substr(length));
  for (const auto& head : {request->head_for_origin(), request->head_for_proxy("X: y\r\n")}) {
    require(net::head_length(head) == head.size());
    require(net::check_head(
                head, {.head_bytes_max = 1 << 20, .target_bytes_max = 1 << 20, .fields_max = 1'000})
                .has_value());
  }
  const auto again = read_proxy_request(request->head_for_proxy(""));
  require(again && again->destination == request->destination && again->body == request->body);
}

void check_response(std::string_view bytes) {
  const auto length = response_head_length(bytes);
  require(length <= bytes.size());
  if (length == 0) return;
  const auto head = read_response_head(bytes.substr(0, length), false);
  if (head) check_body(head->body, bytes.substr(length));
}

void check_handshake(session::ProxyKind kind, std::string_view bytes) {
  session::UpstreamProxy proxy;
  proxy.kind = kind;
  proxy.username = proxy.password = "x";
  UpstreamHandshake at_once(proxy, parse_host_port("a.example:443", 0).value());
  UpstreamHandshake in_pieces = at_once;
  const auto taken = at_once.take_input(bytes);
  std::size_t pieces = 0;
  while (pieces < bytes.size() && in_pieces.take_input(bytes.substr(pieces, 1)) == 1) ++pieces;
  require(taken == pieces && at_once.done() == in_pieces.done());
  require(at_once.failure() == in_pieces.failure());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_request(bytes);
  check_response(bytes);
  check_body({.kind = Framing::Kind::kChunked}, bytes);
  check_handshake(session::ProxyKind::kHttp, bytes);
  check_handshake(session::ProxyKind::kSocks5, bytes);
  return 0;
}
