#include "net/frame_walker.h"

#include <gtest/gtest.h>

#include <string>

#include "net/relay_rig.h"

namespace pbaas::net {
namespace {

using namespace testing;
using From = FrameWalker::From;

constexpr std::uint64_t kLimit = 1000;

struct Walked {
  std::string forwarded;
  std::uint32_t messages = 0;
  FrameFault fault = FrameFault::kNone;
};

// Presents the bytes in pieces, as a relay does: what was held back comes again first.
Walked walk_in_pieces(FrameWalker& walker, const std::string& bytes, std::size_t piece) {
  Walked walked;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    std::string offered;
    for (const std::byte byte : walker.held()) offered += static_cast<char>(byte);
    offered += bytes.substr(at, piece);
    const auto step = walker.walk(std::as_bytes(std::span(offered)));
    walked.forwarded += offered.substr(0, step.forward);
    walked.messages += step.messages;
    if (step.fault != FrameFault::kNone) walked.fault = step.fault;
  }
  return walked;
}

Walked walk(FrameWalker& walker, const std::string& bytes) {
  return walk_in_pieces(walker, bytes, bytes.size());
}

FrameFault fault_of(const std::string& bytes) {
  FrameWalker walker(From::kClient, kLimit);
  return walk(walker, bytes).fault;
}

TEST(FrameWalker, ForwardsEveryByteAndCountsEveryMessageAtAnySplit) {
  const std::string bytes = from_client(kText, "") + from_client(kText, std::string(126, 'x')) +
                            from_client(kText, "frag", false) + from_client(kPing, "p") +
                            from_client(kContinuation, "ment") + from_client(kPong, "");
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameWalker walker(From::kClient, kLimit);
    const Walked walked = walk_in_pieces(walker, bytes, piece);
    EXPECT_EQ(walked.forwarded, bytes) << "in pieces of " << piece;
    EXPECT_EQ(walked.messages, 3u) << "in pieces of " << piece;
    EXPECT_EQ(walked.fault, FrameFault::kNone) << "in pieces of " << piece;
    EXPECT_TRUE(walker.at_boundary());
  }
}

TEST(FrameWalker, SaysWhetherPayloadOfADataFramePassed) {
  FrameWalker walker(From::kClient, kLimit);
  const auto passes_data = [&walker](const std::string& bytes) {
    return walker.walk(std::as_bytes(std::span(bytes))).data;
  };
  const std::string text = from_client(kText, "text", false);
  EXPECT_FALSE(passes_data(text.substr(0, 6))) << "a header alone";
  EXPECT_TRUE(passes_data(text.substr(6, 2)));
  EXPECT_TRUE(passes_data(text.substr(8)));
  EXPECT_FALSE(passes_data(from_client(kPing, "ping") + from_client(kPong, "pong")));
  EXPECT_TRUE(passes_data(from_client(kContinuation, "rest")));
  EXPECT_FALSE(passes_data(from_client(kClose, close_payload(1000, "bye"))));
}

TEST(FrameWalker, ReadsAllThreeLengths) {
  for (const std::size_t size : {125u, 126u, 65'535u, 65'536u, 100'000u}) {
    FrameWalker walker(From::kBrowser, kLimit);
    const std::string bytes = from_browser(kText, std::string(size, 'x'));
    EXPECT_EQ(walk(walker, bytes).forwarded, bytes);
    EXPECT_TRUE(walker.at_boundary()) << size;
  }
}

TEST(FrameWalker, HoldsAnIncompleteHeaderBackSoThatABoundaryStaysOne) {
  FrameWalker walker(From::kClient, kLimit);
  const std::string bytes = from_client(kText, std::string(200, 'x'));
  EXPECT_EQ(walk(walker, bytes.substr(0, 7)).forwarded, "");
  EXPECT_EQ(walker.held().size(), 7u);
  EXPECT_TRUE(walker.at_boundary());
}

TEST(FrameWalker, IsNotAtABoundaryWithinAPayload) {
  FrameWalker walker(From::kBrowser, kLimit);
  walk(walker, from_browser(kText, "hello").substr(0, 4));
  EXPECT_FALSE(walker.at_boundary());
}

TEST(FrameWalker, IsInsideAMessageBetweenItsFragments) {
  FrameWalker walker(From::kClient, kLimit);
  walk(walker, from_client(kText, "a", false));
  EXPECT_TRUE(walker.inside_message());
  EXPECT_TRUE(walker.at_boundary());
  walk(walker, from_client(kContinuation, "b"));
  EXPECT_FALSE(walker.inside_message());
}

TEST(FrameWalker, StopsAtTheNextBoundaryWhenAsked) {
  FrameWalker walker(From::kBrowser, kLimit);
  const std::string first = from_browser(kText, "one");
  const std::string both = first + from_browser(kText, "two");
  const auto step = walker.walk(std::as_bytes(std::span(both)), FrameWalker::Stop::kAtBoundary);
  EXPECT_EQ(step.forward, first.size());
}

TEST(FrameWalker, ForwardsNothingAfterAClose) {
  FrameWalker walker(From::kClient, kLimit);
  const std::string close = from_client(kClose, close_payload(1000, ""));
  EXPECT_EQ(walk(walker, close + from_client(kText, "late")).forwarded, close);
  EXPECT_TRUE(walker.closed());
  EXPECT_EQ(walk(walker, from_client(kText, "later")).forwarded, "");
}

TEST(FrameWalker, ForwardsNothingOfAFaultyFrameAtAnySplit) {
  const std::string good = from_client(kText, "good");
  const std::string bytes = good + from_client(kBinary, std::string(130, 'x'));
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    FrameWalker walker(From::kClient, kLimit);
    const Walked walked = walk_in_pieces(walker, bytes, piece);
    EXPECT_EQ(walked.forwarded, good) << "in pieces of " << piece;
    EXPECT_EQ(walked.fault, FrameFault::kBinary) << "in pieces of " << piece;
    EXPECT_TRUE(walker.faulted());
  }
}

TEST(FrameWalker, FindsEveryFaultOfAClient) {
  EXPECT_EQ(fault_of(from_browser(kText, "hi")), FrameFault::kUnmasked);
  for (const int bit : {0x10, 0x20, 0x40}) {
    std::string bytes = from_client(kText, "hi");
    bytes[0] = static_cast<char>(bytes[0] | bit);
    EXPECT_EQ(fault_of(bytes), FrameFault::kReservedBits);
  }
  for (const int opcode : {3, 4, 5, 6, 7, 11, 12, 13, 14, 15}) {
    EXPECT_EQ(fault_of(from_client(static_cast<std::uint8_t>(opcode), "hi")),
              FrameFault::kReservedOpcode)
        << opcode;
  }
  EXPECT_EQ(fault_of(from_client(kPing, std::string(126, 'x'))), FrameFault::kBadControl);
  EXPECT_EQ(fault_of(from_client(kPing, "hi", false)), FrameFault::kBadControl);
  EXPECT_EQ(fault_of(from_client(kContinuation, "hi")), FrameFault::kBadSequence);
  EXPECT_EQ(fault_of(from_client(kText, "a", false) + from_client(kText, "b")),
            FrameFault::kBadSequence);
  EXPECT_EQ(fault_of(from_client(kBinary, "hi")), FrameFault::kBinary);
  EXPECT_EQ(fault_of(frame_header(kText, 1ull << 63, {.masked = true})), FrameFault::kBadLength);
}

TEST(FrameWalker, TakesAControlFrameOf125Bytes) {
  EXPECT_EQ(fault_of(from_client(kPing, std::string(125, 'x'))), FrameFault::kNone);
}

TEST(FrameWalker, LimitsAMessageByAllItsFragmentsTogether) {
  const std::string most = from_client(kText, std::string(kLimit - 1, 'x'), false);
  EXPECT_EQ(fault_of(most + from_client(kContinuation, "x")), FrameFault::kNone);
  EXPECT_EQ(fault_of(most + from_client(kContinuation, "xx")), FrameFault::kTooBig);
  EXPECT_EQ(fault_of(from_client(kText, std::string(kLimit + 1, 'x'))), FrameFault::kTooBig);
}

TEST(FrameWalker, CountsEachMessageForItselfAgainstTheLimit) {
  const std::string whole = from_client(kText, std::string(kLimit, 'x'));
  EXPECT_EQ(fault_of(whole + from_client(kPing, "between") + whole), FrameFault::kNone);
}

TEST(FrameWalker, LetsTheBrowserSendWhatTheClientMayJudge) {
  FrameWalker walker(From::kBrowser, kLimit);
  std::string bytes = from_browser(kBinary, std::string(kLimit * 2, 'x'));
  bytes[0] = static_cast<char>(bytes[0] | 0x40);
  EXPECT_EQ(walk(walker, bytes).fault, FrameFault::kNone);
}

TEST(FrameWalker, TakesAMaskedFrameOfTheBrowserForABug) {
  FrameWalker walker(From::kBrowser, kLimit);
  EXPECT_EQ(walk(walker, from_client(kText, "hi")).fault, FrameFault::kMasked);
}

TEST(FrameWalker, NamesACloseForEveryFault) {
  EXPECT_EQ(close_for(FrameFault::kUnmasked).code, 1002);
  EXPECT_EQ(close_for(FrameFault::kBinary).code, 1003);
  EXPECT_EQ(close_for(FrameFault::kTooBig).code, 1009);
  EXPECT_EQ(close_for(FrameFault::kMasked).code, 1011);
}

}  // namespace
}  // namespace pbaas::net
