#include "egress/body_walker.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace pbaas::egress {
namespace {

constexpr Framing kChunked{.kind = Framing::Kind::kChunked};

// What is left of the text behind the body, or how it stands, whichever pieces it comes in.
std::string rest_after(Framing framing, std::string_view text, std::size_t piece) {
  BodyWalker walker(framing);
  std::size_t at = 0;
  while (at < text.size() && !walker.done() && !walker.broken()) {
    const auto next = text.substr(at, piece);
    const auto taken = walker.walk(std::as_bytes(std::span(next)));
    at += taken;
    if (taken < next.size()) break;
  }
  if (walker.broken()) return "broken";
  return walker.done() ? std::string(text.substr(at)) : "not done";
}

std::string rest_after(Framing framing, std::string_view text) {
  const auto whole = rest_after(framing, text, text.size() + 1);
  for (std::size_t piece = 1; piece <= text.size(); ++piece)
    EXPECT_EQ(rest_after(framing, text, piece), whole) << piece;
  return whole;
}

TEST(BodyWalker, WithoutABodyTakesNothing) {
  EXPECT_EQ(rest_after({}, "next"), "next");
}

TEST(BodyWalker, TakesALengthAndNoMore) {
  const Framing five{.kind = Framing::Kind::kLength, .length = 5};
  EXPECT_EQ(rest_after(five, "12345next"), "next");
  EXPECT_EQ(rest_after(five, "1234"), "not done");
  EXPECT_EQ(rest_after({.kind = Framing::Kind::kLength, .length = 0}, "next"), "next");
}

TEST(BodyWalker, TakesChunksWithExtensionsAndTrailers) {
  EXPECT_EQ(rest_after(kChunked, "0\r\n\r\nnext"), "next");
  EXPECT_EQ(rest_after(kChunked, "5\r\nhello\r\n000A;name=\"v\"\r\n0123456789\r\n0\r\n\r\nnext"),
            "next");
  EXPECT_EQ(rest_after(kChunked, "1 \r\nx\r\n0;last\r\nA: b\r\nC: d\r\n\r\nnext"), "next");
  EXPECT_EQ(rest_after(kChunked, "a\r\n0\r\n\r\n12345\r\n0\r\n\r\n"), "");
}

TEST(BodyWalker, WaitsForTheLastEmptyLine) {
  EXPECT_EQ(rest_after(kChunked, "1\r\nx\r\n0\r\n"), "not done");
  EXPECT_EQ(rest_after(kChunked, "1\r\nx\r\n0\r\nA: b\r\n"), "not done");
}

TEST(BodyWalker, BreaksWhereTwoReadersCouldDiffer) {
  for (const auto* text : {"\r\n", "g\r\n", "-1\r\n", "0x1\r\nx", "1\nx\r\n", "1\r\nxy\r\n",
                           "1\r\nx\n0\r\n", "1\rx", "1;a\nb\r\nx", "+1\r\n", "1\r\nx\r\r",
                           "0\r\nA: b\n\r\n", "1000000000000000\r\n", "0000000000000001\r\n"})
    EXPECT_EQ(rest_after(kChunked, text), "broken") << text;
}

TEST(BodyWalker, BoundsExtensionsAndTrailers) {
  EXPECT_EQ(rest_after(kChunked, "1;" + std::string(5'000, 'x'), 512), "broken");
  EXPECT_EQ(rest_after(kChunked, "0\r\n" + std::string(70'000, 'x'), 512), "broken");
}

TEST(BodyWalker, UntilCloseTakesAllAndIsNeverDone) {
  EXPECT_EQ(rest_after({.kind = Framing::Kind::kUntilClose}, "anything"), "not done");
}

}  // namespace
}  // namespace pbaas::egress
