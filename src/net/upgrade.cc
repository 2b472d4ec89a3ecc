#include "net/upgrade.h"

#include <array>
#include <optional>

#include "net/connect.h"
#include "net/finish_by.h"
#include "net/handshake.h"
#include "net/head_check.h"
#include "net/http_parser.h"

namespace pbaas::net {
namespace {

constexpr std::size_t kAnswerHeadBytesMax = 16 * 1024;
// A refusal may announce a body, which is not read; the parser would not take its head otherwise.
constexpr std::size_t kRefusalBytesMax = 1024 * 1024;

Error unreachable(std::string detail) {
  return {Fault::kBrowserUnreachable, std::move(detail)};
}

// Chromium answers only to an IP or "localhost" as Host, and refuses an Origin (DNS rebinding), so
// neither of the client's reaches it. Extensions are not offered, because the relay walks frames
// and must not meet compressed ones. Cookies and keys are nobody's business behind the gateway.
std::string request_text(const UpgradeTarget& target, const Request& request) {
  std::string text = "GET " + target.path + " HTTP/1.1\r\n";
  text += "Host: " + authority_of(target.host, target.port) + "\r\n";
  text += "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  text += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
  text.append(request.headers.get("Sec-WebSocket-Key").value_or("")).append("\r\n");
  for (const auto& [name, value] : target.headers.all())
    text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n";
}

Error refusal(const UpgradeTarget& target, int status) {
  if (target.endpoint == RelayEndpoint::kPage) {
    return {Fault::kNoSuchTarget, "the browser has no such target: it may have been closed"};
  }
  return unreachable("the browser refused the handshake with status " + std::to_string(status));
}

// A worker's refusal says why.
Task<Error> read_refusal(ByteStream& stream, const std::string& head) {
  ResponseParser parser(kRefusalBytesMax);
  auto taken = parser.take(head);
  std::array<char, 4096> scratch;
  bool more = true;
  while (taken && more && !parser.done()) {
    taken = parser.take(stream.buffered());
    if (taken) stream.consume(*taken);
    if (taken && !parser.done()) more = co_await stream.read_more(scratch);
  }
  if (!parser.done()) co_return unreachable("the worker's refusal of the handshake was cut");
  const auto response = parser.response();
  co_return error_behind(response);
}

Task<Result<std::string>> read_head(ByteStream& stream) {
  std::array<char, 4096> scratch;
  while (true) {
    const auto length = head_length(stream.buffered());
    if (length > 0) {
      auto head = stream.buffered().substr(0, length);
      stream.consume(length);
      co_return head;
    }
    if (stream.buffered().size() > kAnswerHeadBytesMax) {
      co_return unreachable("the browser's answer to the handshake is too long");
    }
    const bool got = co_await stream.read_more(scratch);
    if (!got) co_return unreachable("the browser closed the connection in the handshake");
  }
}

// Whatever is not an exact 101 is a refusal: a 200 taken for an upgrade would let a client speak
// HTTP through the relay.
Status check_answer(const std::string& head, const UpgradeTarget& target) {
  ResponseParser parser(kRefusalBytesMax);
  const auto taken = parser.take(head);
  if (!taken || !parser.head_done()) return unreachable("the browser's answer is not HTTP");
  const auto response = parser.response();
  if (response.status != 101) return refusal(target, response.status);
  const auto& headers = response.headers;
  if (!asks_for_websocket(headers) || !headers.has("Sec-WebSocket-Accept") ||
      headers.has("Sec-WebSocket-Extensions")) {
    return unreachable("the browser's 101 is not what was asked for");
  }
  return Status();
}

// Writes its outcome to `side`, because what finish_by runs gives nothing.
Task<void> handshake(const UpgradeTarget& target, const Request& request,
                     std::optional<Result<BrowserSide>>& side) {
  auto connecting = connect_to(Endpoint{target.host, target.port, target.dial});
  auto connected = co_await std::move(connecting);
  if (!connected) {
    side = connected.error();
    co_return;
  }
  auto& stream = *connected;
  const auto text = request_text(target, request);
  const bool written = co_await stream.write(text);
  if (!written) {
    side = unreachable("the browser closed the connection in the handshake");
    co_return;
  }
  auto head = co_await read_head(stream);
  if (!head) {
    side = head.error();
    co_return;
  }
  const auto accepted = check_answer(*head, target);
  if (!accepted && target.endpoint == RelayEndpoint::kWorker) {
    side = co_await read_refusal(stream, *head);
    co_return;
  }
  if (!accepted) {
    side = accepted.error();
    co_return;
  }
  side = BrowserSide{std::move(stream), std::move(*head)};
}

}  // namespace

Task<Result<BrowserSide>> open_browser_side(const UpgradeTarget& target, const Request& request,
                                            Deadline deadline) {
  if (!is_plain_target(target.path)) {
    co_return Error{Fault::kNoSuchTarget, "no target has such a name"};
  }
  std::optional<Result<BrowserSide>> side;
  auto work = handshake(target, request, side);
  auto limited = finish_by(std::move(work), deadline);
  const bool finished = co_await std::move(limited);
  if (!finished || !side) co_return unreachable("the browser did not answer the handshake in time");
  co_return std::move(*side);
}

}  // namespace pbaas::net
