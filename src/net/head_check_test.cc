#include "net/head_check.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace pbaas::net {
namespace {

using std::string_literals::operator""s;

std::optional<Fault> fault_of(const std::string& head) {
  const auto checked = check_head(head, HeadLimits());
  if (checked) return std::nullopt;
  return checked.error().fault;
}

std::string with(const std::string& fields) {
  return "GET / HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

class GoodHead : public testing::TestWithParam<std::string> {};
TEST_P(GoodHead, Passes) {
  EXPECT_EQ(fault_of(GetParam()), std::nullopt);
}
INSTANTIATE_TEST_SUITE_P(
    HeadCheck, GoodHead,
    testing::Values(with(""), "GET / HTTP/1.0\r\n\r\n", with("Accept:*/*\r\n"),
                    with("X-Empty:\r\nX-Blank: \t \r\n"), with("X-Text: caf\xc3\xa9\r\n"),
                    with("Content-Length: 12\r\n"), with("Transfer-Encoding: Chunked\r\n"),
                    with("Content-Length: 0012\r\n"), "GET / HTTP/1.1\r\nHost:\r\n\r\n",
                    "GET / HTTP/1.1\r\nHost: [::1]:8000\r\n\r\n",
                    "BREW /a?b={|} HTTP/1.1\r\nHost: a\r\n\r\n"));

class BadHead : public testing::TestWithParam<std::string> {};
TEST_P(BadHead, IsMalformed) {
  EXPECT_EQ(fault_of(GetParam()), Fault::kMalformedHttp);
}
INSTANTIATE_TEST_SUITE_P(
    HeadCheck, BadHead,
    testing::Values(
        // Request lines.
        "\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a\r\n\r\n", "G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/1.2\r\nHost: a\r\n\r\n",
        "GET / http/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\n", "\x16\x03\x01\r\n\r\n"s,
        // Lines.
        "GET / HTTP/1.1\nHost: a\r\n\r\n", with("A: b\nC: d\r\n"), with("A: b\rC: d\r\n"),
        with("A: b\r\n folded\r\n"), with("A: b\r\n\tfolded\r\n"), with(" A: b\r\n"),
        // Fields.
        with("A : b\r\n"), with("A\t: b\r\n"), with(": b\r\n"), with("A\r\n"), with("A b: c\r\n"),
        with("A: b\0c\r\n"s), with("A\0: b\r\n"s), with("A: b\x7f\r\n"), with("A: b\x01\r\n"),
        with("A(: b\r\n"), with("\xc3\xa9: b\r\n"),
        // Hosts.
        "GET / HTTP/1.1\r\n\r\n", with("Host: localhost\r\n"), with("host: other\r\n"),
        "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
        // Framing.
        with("Content-Length: 1\r\nContent-Length: 1\r\n"),
        with("Content-Length: 1\r\nContent-Length: 2\r\n"), with("Content-Length: 1, 1\r\n"),
        with("Content-Length: -1\r\n"), with("Content-Length: +1\r\n"),
        with("Content-Length: 0x1\r\n"), with("Content-Length: 1 2\r\n"),
        with("Content-Length: \r\n"), with("Content-Length: 1e3\r\n"),
        with("Content-Length: 99999999999999999999\r\n"),
        with("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"),
        with("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"),
        with("Transfer-Encoding: gzip\r\n"), with("Transfer-Encoding: gzip, chunked\r\n"),
        with("Transfer-Encoding: chunked, chunked\r\n"),
        with("Transfer-Encoding: \x0b"
             "chunked\r\n"),
        with("Transfer-Encoding: xchunked\r\n"), with("Transfer-Encoding:\r\n"),
        with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
        with("Transfer-Encoding: identity\r\n"),
        "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"));

TEST(HeadCheck, HasLimits) {
  EXPECT_EQ(fault_of("GET /" + std::string(9'000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
            Fault::kUriTooLong);
  EXPECT_EQ(fault_of("GET /" + std::string(8'191, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
            std::nullopt);
  EXPECT_EQ(fault_of("GET /" + std::string(8'192, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n"),
            Fault::kUriTooLong);
  EXPECT_EQ(fault_of(with("A: " + std::string(16'384, 'a') + "\r\n")), Fault::kHeadTooLarge);
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "A: b\r\n";
  EXPECT_EQ(fault_of(with(fields)), std::nullopt);
  EXPECT_EQ(fault_of(with(fields + "A: b\r\n")), Fault::kHeadTooLarge);
}

TEST(HeadCheck, SaysAtOnceWhatIsWrongWithAPartOfAHead) {
  const HeadLimits limits;
  EXPECT_TRUE(check_partial_head("", limits));
  EXPECT_TRUE(check_partial_head("GET / HTTP/1.1\r", limits));
  EXPECT_TRUE(check_partial_head("GET / HTTP/1.1\r\nHo", limits));
  EXPECT_FALSE(check_partial_head("GET / HTTP/1.1\n", limits));
  EXPECT_FALSE(check_partial_head("GET / HTTP/1.1\r\nHost: a\n", limits, 17));
  EXPECT_FALSE(check_partial_head("GET / HTTP/1.1\rX", limits, 15));
  EXPECT_FALSE(check_partial_head("\x16\x03", limits));
  const auto long_line = check_partial_head(std::string(9'000, 'a'), limits);
  EXPECT_EQ(long_line.error().fault, Fault::kUriTooLong);
}

TEST(HeadCheck, FindsTheEndOfAHeadThatCameInParts) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbody";
  EXPECT_EQ(head_length(text), text.size() - 4);
  for (std::size_t seen = 0; seen < text.size() - 4; ++seen) {
    EXPECT_EQ(head_length(text, seen), text.size() - 4) << seen;
  }
  EXPECT_EQ(head_length("GET / HTTP/1.1\r\n\r"), 0u);
}

}  // namespace
}  // namespace pbaas::net
