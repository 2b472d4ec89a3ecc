#include "egress/response_head.h"

#include <gtest/gtest.h>

#include <string>

namespace pbaas::egress {
namespace {

using Kind = Framing::Kind;

std::optional<ResponseHead> read(const std::string& text, bool bodiless = false) {
  return read_response_head(text, bodiless);
}

ResponseHead ok(const std::string& fields, const std::string& version = "HTTP/1.1") {
  return read(version + " 200 OK\r\n" + fields + "\r\n").value();
}

TEST(ResponseHead, EndsWithAnEmptyLineWhicheverWayLinesEnd) {
  EXPECT_EQ(response_head_length("HTTP/1.1 200 OK\r\n\r\nbody"), 19u);
  EXPECT_EQ(response_head_length("HTTP/1.1 200 OK\n\nbody"), 17u);
  EXPECT_EQ(response_head_length("HTTP/1.1 200 OK\nA: b\r\n\r\n\n\n"), 24u);
  EXPECT_EQ(response_head_length("HTTP/1.1 200 OK\r\n"), 0u);
}

TEST(ResponseHead, ReadsHowTheBodyEnds) {
  EXPECT_EQ(ok("Content-Length: 7\r\n").body, (Framing{.kind = Kind::kLength, .length = 7}));
  EXPECT_EQ(ok("Transfer-Encoding: Chunked\r\n").body.kind, Kind::kChunked);
  EXPECT_EQ(ok("").body.kind, Kind::kUntilClose);
  EXPECT_EQ(ok("Transfer-Encoding: gzip, chunked\r\n").body.kind, Kind::kUntilClose);
  EXPECT_EQ(ok("Transfer-Encoding: chunked\r\n", "HTTP/1.0").body.kind, Kind::kUntilClose);
}

TEST(ResponseHead, SomeHaveNoBodyWhateverTheySay) {
  for (const auto* line : {"HTTP/1.1 204 No", "HTTP/1.1 304 Not", "HTTP/1.1 100 Go"})
    EXPECT_EQ(read(std::string(line) + "\r\nContent-Length: 7\r\n\r\n")->body.kind, Kind::kNone);
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n", true)->body.kind, Kind::kNone);
}

TEST(ResponseHead, LivesOnWhereBothSaySo) {
  EXPECT_TRUE(ok("Content-Length: 7\r\n").keep_alive);
  EXPECT_FALSE(ok("Content-Length: 7\r\nConnection: Close\r\n").keep_alive);
  EXPECT_FALSE(ok("Content-Length: 7\r\n", "HTTP/1.0").keep_alive);
  EXPECT_TRUE(ok("Content-Length: 7\r\nConnection: keep-alive\r\n", "HTTP/1.0").keep_alive);
  EXPECT_FALSE(ok("").keep_alive);
}

TEST(ResponseHead, IsNotUsedAgainWhereTwoReadersCouldDiffer) {
  EXPECT_FALSE(ok("Content-Length: 7\r\nTransfer-Encoding: chunked\r\n").keep_alive);
  EXPECT_FALSE(ok("Content-Length : 7\r\n").keep_alive);
  EXPECT_FALSE(ok("Content-Length: 7\r\nX: y\r\n Content-Length: 8\r\n").keep_alive);
  EXPECT_TRUE(ok("Content-Length: 7\r\nContent-Length: 7\r\n").keep_alive);
}

TEST(ResponseHead, RefusesWhatIsNotHttpOrSaysTwoLengths) {
  for (const auto* text :
       {"<html>\n\n", "HTTP/2 200 OK\r\n\r\n", "ICY 200 OK\r\n\r\n", "HTTP/1.1 20\r\n\r\n",
        "HTTP/1.1 099 x\r\n\r\n", "HTTP/1.1 2000 x\r\n\r\n", "HTTP/1.1  200\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "\r\n\r\n"})
    EXPECT_FALSE(read(text)) << text;
}

TEST(ResponseHead, KnowsInterimResponses) {
  EXPECT_TRUE(read("HTTP/1.1 103 Early Hints\r\n\r\n")->is_interim());
  EXPECT_FALSE(read("HTTP/1.1 101 Switching\r\n\r\n")->is_interim());
  EXPECT_FALSE(read("HTTP/1.1 200\r\n\r\n")->is_interim());
}

}  // namespace
}  // namespace pbaas::egress
