#include "net/http_parser.h"

#include <gtest/gtest.h>

#include <optional>

#include "net/head_check.h"

namespace pbaas::net {
namespace {

struct Parsed {
  std::optional<Request> request;
  std::optional<Fault> fault;
};

// Gives the parser the head, and the rest in pieces of `step` bytes.
Parsed parse(const std::string& text, std::size_t step) {
  RequestParser parser(1000);
  const auto length = head_length(text);
  const auto head = parser.take_head(std::string_view(text).substr(0, length));
  if (!head) return {{}, head.error().fault};
  std::string pending;
  for (auto at = length; at < text.size() && !parser.done(); at += step) {
    pending += text.substr(at, step);
    const auto taken = parser.take_body(pending);
    if (!taken) return {{}, taken.error().fault};
    pending.erase(0, *taken);
  }
  if (!parser.done()) return {};
  return {parser.take(), {}};
}

const std::string kChunked = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

TEST(RequestParser, ReadsALengthBodyInPiecesOfAnySize) {
  const std::string text =
      "POST /a?b=c HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world";
  for (std::size_t step = 1; step <= 12; ++step) {
    const auto parsed = parse(text, step);
    ASSERT_TRUE(parsed.request) << step;
    EXPECT_EQ(parsed.request->body, "hello world");
    EXPECT_EQ(parsed.request->method, "POST");
    EXPECT_EQ(parsed.request->target, "/a?b=c");
    EXPECT_EQ(parsed.request->headers.get("host"), "a");
  }
}

// Beast 1.81 asserts where a last chunk arrives byte by byte.
TEST(RequestParser, ReadsChunksInPiecesOfAnySize) {
  for (const std::string body :
       {"0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", "5;a=b\r\nhello\r\n1\r\n!\r\n0\r\nA: b\r\n\r\n"}) {
    for (std::size_t step = 1; step <= body.size(); ++step) {
      const auto parsed = parse(kChunked + body, step);
      ASSERT_TRUE(parsed.request) << body << step;
      EXPECT_FALSE(parsed.request->headers.has("A"));
    }
  }
}

TEST(RequestParser, RefusesChunksThatAreNone) {
  for (const std::string body :
       {"x\r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
        "5 \x01\r\nhello\r\n0\r\n\r\n", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n\n0\r\n\r\n", "\r\n\r\n\r\n\r\n", "5\r\nhello\r\n0\nA: b\r\n\r\n"}) {
    for (std::size_t step : {1, 3, 100}) {
      const auto parsed = parse(kChunked + body, step);
      EXPECT_FALSE(parsed.request) << body << step;
      EXPECT_TRUE(parsed.fault) << body << step;
    }
  }
}

TEST(RequestParser, RefusesABodyAboveItsLimit) {
  EXPECT_EQ(parse("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 1).fault,
            Fault::kBodyTooLarge);
  EXPECT_EQ(parse(kChunked + "3e9\r\n" + std::string(1001, 'a') + "\r\n0\r\n\r\n", 100).fault,
            Fault::kBodyTooLarge);
  std::string small_chunks;
  for (int i = 0; i < 1001; ++i) small_chunks += "1\r\na\r\n";
  EXPECT_EQ(parse(kChunked + small_chunks, 100).fault, Fault::kBodyTooLarge);
}

TEST(ResponseParser, ReadsUntilTheEndWhereThereIsNoLength) {
  ResponseParser parser(100);
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Type: a/b\r\n\r\nhello";
  EXPECT_EQ(*parser.take(text), text.size());
  EXPECT_FALSE(parser.done());
  EXPECT_TRUE(parser.take_end());
  EXPECT_EQ(parser.response().body, "hello");
}

TEST(ResponseParser, KnowsAnAnswerThatEndedTooEarly) {
  ResponseParser parser(100);
  const std::string text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello";
  EXPECT_TRUE(parser.take(text));
  EXPECT_FALSE(parser.take_end());
  EXPECT_FALSE(ResponseParser(100).take_end());
}

TEST(ResponseParser, RefusesABodyAboveItsLimit) {
  ResponseParser parser(4);
  EXPECT_FALSE(parser.take("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"));
}

}  // namespace
}  // namespace pbaas::net
