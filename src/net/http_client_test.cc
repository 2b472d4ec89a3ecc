#include "net/http_client.h"

#include <gtest/gtest.h>

#include "net/http_rig.h"
#include "support/run_task.h"

namespace pbaas::net {
namespace {

// Answers one request with the bytes; gives the head it was asked with.
class OneAnswer {
 public:
  explicit OneAnswer(std::string bytes)
      : thread_([this, bytes = std::move(bytes)] {
          auto client = listener_.accept();
          asked_ = client.read_head();
          client.send(bytes);
        }) {}
  ~OneAnswer() {
    if (thread_.joinable()) thread_.join();
  }
  int port() const { return listener_.port(); }
  std::string asked() {
    thread_.join();
    return asked_;
  }

 private:
  RawListener listener_;
  std::string asked_;
  std::thread thread_;
};

Result<Response> fetch_now(int port, std::string target, Duration time = Duration(10'000)) {
  Loop loop;
  const SystemClock clock;
  Outgoing request{"PUT", std::move(target)};
  auto task = fetch({"127.0.0.1", port}, std::move(request), Deadline::after(clock, time), clock);
  return support::run_task(loop, std::move(task));
}

TEST(HttpClient, AsksAndReadsTheAnswer) {
  OneAnswer server("HTTP/1.1 201 Created\r\nX-A: b\r\nContent-Length: 5\r\n\r\nhello");
  const auto response = fetch_now(server.port(), "/json/new?about:blank");
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->headers.get("x-a"), "b");
  EXPECT_EQ(response->body, "hello");
  const auto port = std::to_string(server.port());
  EXPECT_EQ(server.asked(), "PUT /json/new?about:blank HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                                "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
}

TEST(HttpClient, SendsHeadersAndABody) {
  OneAnswer server("HTTP/1.1 204 No Content\r\n\r\n");
  Loop loop;
  const SystemClock clock;
  Outgoing request{"POST", "/session"};
  request.headers.add("X-Worker-Epoch", "abc");
  request.body = "{}";
  auto task =
      fetch({"127.0.0.1", server.port()}, request, Deadline::after(clock, Duration(10'000)), clock);
  ASSERT_TRUE(support::run_task(loop, std::move(task)));
  const auto port = std::to_string(server.port());
  EXPECT_EQ(server.asked(), "POST /session HTTP/1.1\r\nHost: 127.0.0.1:" + port +
                                "\r\nX-Worker-Epoch: abc\r\nContent-Length: 2\r\n"
                                "Connection: close\r\n\r\n");
}

TEST(HttpClient, ReadsChunksAndBodiesThatEndWithTheConnection) {
  OneAnswer chunks("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n");
  EXPECT_EQ(fetch_now(chunks.port(), "/")->body, "ab");
  OneAnswer to_end("HTTP/1.0 200 OK\r\n\r\nabc");
  EXPECT_EQ(fetch_now(to_end.port(), "/")->body, "abc");
}

TEST(HttpClient, SaysThatNobodyListens) {
  RawListener listener;
  const int port = listener.port();
  listener.close();
  EXPECT_EQ(fetch_now(port, "/").error().fault, Fault::kBrowserUnreachable);
}

TEST(HttpClient, SaysThatTheAnswerIsNoneOrCutOff) {
  for (const auto* bytes :
       {"", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"}) {
    OneAnswer server(bytes);
    EXPECT_EQ(fetch_now(server.port(), "/").error().fault, Fault::kBrowserUnreachable) << bytes;
  }
}

TEST(HttpClient, DoesNotWaitBeyondTheDeadline) {
  RawListener silent;
  const auto response = fetch_now(silent.port(), "/", Duration(50));
  EXPECT_EQ(response.error().fault, Fault::kBrowserUnreachable);
  EXPECT_EQ(fetch_now(silent.port(), "/", Duration(0)).error().fault, Fault::kBrowserUnreachable);
}

TEST(HttpClient, LetsNoTargetAddALineToTheRequest) {
  RawListener listener;
  EXPECT_FALSE(fetch_now(listener.port(), "/a HTTP/1.1\r\nX: y"));
}

}  // namespace
}  // namespace pbaas::net
