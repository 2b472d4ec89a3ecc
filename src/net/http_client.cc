#include "net/http_client.h"

#include <array>
#include <optional>

#include "net/byte_stream.h"
#include "net/connect.h"
#include "net/finish_by.h"
#include "net/http_parser.h"

namespace pbaas::net {
namespace {

// /json/protocol is 1.5 MB, and /json/list grows with the tabs.
constexpr std::size_t kBodyBytesMax = 16 * 1024 * 1024;

struct Question {
  Endpoint endpoint;
  std::string text;
};

Task<Status> read_response(ByteStream& stream, ResponseParser& parser) {
  std::array<char, 16 * 1024> scratch;
  while (!parser.done()) {
    const bool got = co_await stream.read_more(scratch);
    if (!got) {
      const auto ended = parser.take_end();
      co_return ended;
    }
    const auto taken = parser.take(stream.buffered());
    if (!taken) co_return taken.error();
    stream.consume(*taken);
  }
  co_return Status();
}

// Writes its outcome to `answer`, because what finish_by runs gives nothing.
Task<void> ask(const Question& question, std::optional<Result<Response>>& answer) {
  auto connecting = connect_to(question.endpoint);
  auto stream = co_await std::move(connecting);
  if (!stream) {
    answer = stream.error();
    co_return;
  }
  // A write that fails is seen as an answer that never comes.
  co_await stream->write(question.text);
  ResponseParser parser(kBodyBytesMax);
  const auto read = co_await read_response(*stream, parser);
  if (!read) {
    answer = read.error();
    co_return;
  }
  answer = parser.response();
}

std::string request_text(const Endpoint& endpoint, const Outgoing& request) {
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\n";
  // Chromium answers /json only for an IP or "localhost" as Host.
  text += "Host: " + authority_of(endpoint.host, endpoint.port) + "\r\n";
  for (const auto& [name, value] : request.headers.all())
    text.append(name).append(": ").append(value).append("\r\n");
  text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "Connection: close\r\n\r\n" + request.body;
}

}  // namespace

Task<Result<Response>> fetch(Endpoint endpoint, Outgoing request, Deadline deadline,
                             const Clock& clock) {
  if (!is_plain_target(request.target)) {
    co_return Error{Fault::kBrowserUnreachable, "no browser has such a path"};
  }
  if (deadline.passed(clock)) {
    co_return Error{Fault::kBrowserUnreachable, "there was no time left to ask"};
  }
  const Question question{endpoint, request_text(endpoint, request)};
  std::optional<Result<Response>> answer;
  auto work = ask(question, answer);
  auto limited = finish_by(std::move(work), deadline);
  const bool finished = co_await std::move(limited);
  if (!finished || !answer) {
    co_return Error{Fault::kBrowserUnreachable, "there was no answer in time"};
  }
  co_return std::move(*answer);
}

}  // namespace pbaas::net
