#include "net/relay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <string>

#include "net/relay_rig.h"

namespace pbaas::net {
namespace {

using namespace testing;

// Bytes that repeat only after a long while, so that a lost or doubled piece shows.
std::string noise(std::size_t size) {
  std::string bytes(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : bytes) {
    state = state * 1664525u + 1013904223u;
    c = static_cast<char>(state >> 24);
  }
  return bytes;
}

std::string in_fragments(const std::string& payload, std::size_t fragment, bool masked) {
  std::string bytes;
  std::size_t at = 0;
  do {
    const std::size_t size = std::min(fragment, payload.size() - at);
    const FrameShape shape{.final = at + size == payload.size(), .masked = masked};
    bytes += frame_header(at == 0 ? kText : kContinuation, size, shape);
    bytes.append(payload, at, size);
    at += size;
  } while (at < payload.size());
  return bytes;
}

struct Size {
  std::size_t message;
  std::size_t fragment;
};

class RelayOfSizes : public RelayTest, public ::testing::WithParamInterface<Size> {};

TEST_P(RelayOfSizes, PassesTheSameBytesBothWaysAtOnce) {
  auto ends = relay();
  const std::string payload = noise(GetParam().message);
  const std::string up = in_fragments(payload, GetParam().fragment, true);
  const std::string down = in_fragments(payload, GetParam().fragment, false);
  const auto send_up = std::async(std::launch::async, [&] { ends.client.send(up); });
  const auto send_down = std::async(std::launch::async, [&] { ends.browser.send(down); });
  auto got_up = std::async(std::launch::async, [&] { return ends.browser.read(up.size()); });
  // Compared as a whole: a difference printed byte by byte would take minutes.
  EXPECT_TRUE(ends.client.read(down.size()) == down);
  EXPECT_TRUE(got_up.get() == up);
  EXPECT_EQ(group_->counters().messages_up, 1u);
  EXPECT_EQ(group_->counters().messages_down, 1u);
  EXPECT_EQ(group_->counters().bytes_up, up.size());
  EXPECT_EQ(group_->counters().bytes_down, down.size());
}

INSTANTIATE_TEST_SUITE_P(All, RelayOfSizes,
                         ::testing::Values(Size{0, 1}, Size{1, 1}, Size{125, 125}, Size{126, 126},
                                           Size{65'535, 65'535}, Size{65'536, 1},
                                           Size{65'536, 65'536}, Size{1'000'000, 1'000},
                                           Size{16 << 20, 65'536}, Size{16 << 20, 4'096},
                                           Size{16 << 20, 16 << 20}));

TEST_F(RelayTest, PassesAFrameThatComesByteByByte) {
  auto ends = relay();
  const std::string bytes = from_client(kText, std::string(126, 'x'));
  for (const char c : bytes) ends.client.send(std::string(1, c));
  EXPECT_EQ(ends.browser.read(bytes.size()), bytes);
}

TEST_F(RelayTest, SendsWhatWasReadBeyondTheHeadsFirst) {
  RelayStart start;
  start.to_browser = from_client(kText, "early").substr(0, 3);
  start.to_client = from_browser(kText, "greeting");
  auto ends = relay(std::move(start));
  ends.client.send(from_client(kText, "early").substr(3) + from_client(kText, "late"));
  EXPECT_EQ(ends.browser.read_frame().payload, "early");
  EXPECT_EQ(ends.browser.read_frame().payload, "late");
  EXPECT_EQ(ends.client.read_frame().payload, "greeting");
}

TEST_F(RelayTest, HoldsTheSenderBackWhileTheReaderIsSlow) {
  auto ends = relay();
  const std::string megabyte = from_browser(kText, noise((1 << 20) - 10));
  const std::size_t taken = send_until_stuck(ends.browser, megabyte);
  // What is in flight is the kernel's buffers and one stash; the rest waits at the sender.
  EXPECT_LT(taken, 64u << 20);
  const std::string got = ends.client.read(taken);
  std::string expected;
  while (expected.size() < taken) expected += megabyte;
  EXPECT_TRUE(got == expected.substr(0, taken));
}

TEST_F(RelayTest, DeliversWhatAClientSentBeforeItShutsItsHalf) {
  auto ends = relay();
  const std::string bytes = from_client(kText, noise(4 << 20));
  auto got = std::async(std::launch::async, [&] { return ends.browser.read(bytes.size()); });
  ends.client.send(bytes);
  ends.client.shut_writing();
  EXPECT_TRUE(got.get() == bytes);
  EXPECT_EQ(ends.browser.read_end(), End::kEof);
  // The other half still passes.
  ends.browser.send(from_browser(kText, "answer"));
  EXPECT_EQ(ends.client.read_frame().payload, "answer");
  ends.browser.leave();
  EXPECT_EQ(ends.client.read_end(), End::kEof);
  EXPECT_TRUE(wait_until_gone());
}

TEST_F(RelayTest, EndsWhenTheClientResets) {
  auto ends = relay();
  ends.client.send(from_client(kText, "last words"));
  EXPECT_EQ(ends.browser.read_frame().payload, "last words");
  ends.client.reset();
  EXPECT_EQ(ends.browser.read_end(), End::kEof);
  ends.browser.leave();
  EXPECT_TRUE(wait_until_gone());
  EXPECT_EQ(pool().totals().ends.at(1005), 1u);
}

TEST_F(RelayTest, EndsAfterTheGraceWhenABrowserDoesNotNoticeThatItsClientLeft) {
  auto ends = relay();
  ends.client.leave();
  EXPECT_EQ(ends.browser.read_end(), End::kEof);
  EXPECT_TRUE(pass_time_until([this] { return group_->open() == 0; }));
}

TEST_F(RelayTest, PassesTheCloseHandshakeOfAClient) {
  auto ends = relay();
  ends.client.send(from_client(kClose, close_payload(1001, "bye")));
  EXPECT_EQ(ends.browser.read_frame().close_code(), 1001);
  ends.browser.send(from_browser(kClose, close_payload(1001, "bye")));
  EXPECT_EQ(ends.client.read_frame().close_code(), 1001);
  EXPECT_EQ(ends.client.read_end(), End::kEof);
  EXPECT_EQ(ends.browser.read_end(), End::kEof);
  EXPECT_TRUE(wait_until_gone());
}

TEST_F(RelayTest, PassesTheCloseHandshakeOfABrowser) {
  auto ends = relay();
  ends.browser.send(from_browser(kClose, close_payload(1001, "leaving")));
  EXPECT_EQ(ends.client.read_frame().close_reason(), "leaving");
  ends.client.send(from_client(kClose, close_payload(1001, "leaving")));
  EXPECT_EQ(ends.browser.read_frame().close_code(), 1001);
  EXPECT_EQ(ends.client.read_end(), End::kEof);
  EXPECT_TRUE(wait_until_gone());
}

TEST_F(RelayTest, AnswersAClientsCloseWhenTheBrowserJustHangsUp) {
  auto ends = relay();
  ends.client.send(from_client(kClose, close_payload(1000, "")));
  EXPECT_EQ(ends.browser.read_frame().opcode, kClose);
  ends.browser.leave();
  EXPECT_EQ(ends.client.read_frame().close_code(), 1000);
  EXPECT_EQ(ends.client.read_end(), End::kEof);
}

TEST_F(RelayTest, AnswersAClientsCloseWhenTheBrowserSaysNothing) {
  auto ends = relay();
  ends.client.send(from_client(kClose, close_payload(1000, "")));
  EXPECT_EQ(ends.browser.read_frame().opcode, kClose);
  pass_time_until_readable(ends.client);
  EXPECT_EQ(ends.client.read_frame().close_code(), 1000);
  EXPECT_EQ(ends.client.read_end(), End::kEof);
}

TEST_F(RelayTest, AddsNothingToABrowsersOwnClose) {
  auto ends = relay();
  ends.browser.send(from_browser(kClose, close_payload(1001, "leaving")));
  ends.browser.leave();
  EXPECT_EQ(ends.client.read_frame().close_code(), 1001);
  group_->close_all({4000, "idle_timeout"});
  EXPECT_TRUE(pass_time_until([this] { return group_->open() == 0; }));
  EXPECT_EQ(ends.client.read_end(), End::kEof);
}

TEST_F(RelayTest, TakesPingsAndPongsForNoSignOfItsClient) {
  auto ends = relay();
  const Instant before = group_->last_client_message();
  clock_.advance(Duration{100});
  ends.client.send(from_client(kPing, "ping") + from_client(kPong, "pong"));
  for (int i = 0; i < 2; ++i) ends.browser.read_frame();
  EXPECT_EQ(group_->last_client_message(), before);
  EXPECT_TRUE(wait_until([&] {
    ends.client.send(from_client(kText, ""));
    ends.browser.read_frame();
    return group_->last_client_message() == clock_.now();
  }));
}

// An upload of minutes is one message, and was taken for idleness until its end. What a turn moves
// bears the time of the turn's beginning, so a first piece may still bear the time before.
TEST_F(RelayTest, TakesEachPieceOfALongMessageForASignOfItsClient) {
  auto ends = relay();
  const std::string header = frame_header(kText, 1 << 20, {.final = true, .masked = true});
  ends.client.send(header);
  ends.browser.read(header.size());
  for (int round = 0; round < 3; ++round) {
    clock_.advance(Duration{100});
    EXPECT_TRUE(wait_until([&] {
      ends.client.send("x");
      ends.browser.read(1);
      return group_->last_client_message() == clock_.now();
    }));
  }
  EXPECT_EQ(group_->counters().messages_up, 0u);
}

// A read stops at TCP's urgent mark, which once looked like the end of what there was.
TEST_F(RelayTest, PassesUrgentBytesAndWhatFollowsThem) {
  auto ends = relay();
  const std::string bytes = from_client(kText, noise(1'000));
  for (int round = 0; round < 50; ++round) {
    ends.client.send(bytes.substr(0, 500));
    ASSERT_EQ(::send(ends.client.fd(), &bytes[500], 1, MSG_OOB), 1);
    ends.client.send(bytes.substr(501));
    ASSERT_TRUE(ends.browser.read(bytes.size()) == bytes) << round;
  }
}

TEST_F(RelayTest, PassesABrowsersUrgentBytesToo) {
  auto ends = relay();
  const std::string bytes = from_browser(kText, noise(1'000));
  for (int round = 0; round < 50; ++round) {
    ends.browser.send(bytes.substr(0, 500));
    ASSERT_EQ(::send(ends.browser.fd(), &bytes[500], 1, MSG_OOB), 1);
    ends.browser.send(bytes.substr(501));
    ASSERT_TRUE(ends.client.read(bytes.size()) == bytes) << round;
  }
}

TEST_F(RelayTest, PingsASilentClientAndNeedsNoAnswer) {
  auto ends = relay();
  for (int i = 0; i < 3; ++i) {
    pass_time_until_readable(ends.client);
    const Frame ping = ends.client.read_frame();
    EXPECT_EQ(ping.opcode, kPing);
    EXPECT_EQ(ping.payload, "");
  }
  ends.client.send(from_client(kText, "alive"));
  EXPECT_EQ(ends.browser.read_frame().payload, "alive");
}

TEST_F(RelayTest, PassesTheAnswerToItsPingAndGoesOn) {
  auto ends = relay();
  pass_time_until_readable(ends.client);
  EXPECT_EQ(ends.client.read_frame().opcode, kPing);
  ends.client.send(from_client(kPong, "") + from_client(kText, "next"));
  EXPECT_EQ(ends.browser.read_frame().opcode, kPong);
  EXPECT_EQ(ends.browser.read_frame().payload, "next");
}

TEST_F(RelayTest, NeverPingsWithinAFrame) {
  auto ends = relay();
  auto witness = relay();
  const std::string bytes = from_browser(kText, "one frame in two parts");
  ends.browser.send(bytes.substr(0, 5));
  EXPECT_EQ(ends.client.read(5), bytes.substr(0, 5));
  // The witness is on the same thread: after its second ping every relay there has been looked at.
  for (int i = 0; i < 2; ++i) {
    pass_time_until_readable(witness.client);
    EXPECT_EQ(witness.client.read_frame().opcode, kPing);
  }
  ends.browser.send(bytes.substr(5));
  EXPECT_EQ(ends.client.read(bytes.size() - 5), bytes.substr(5));
}

}  // namespace
}  // namespace pbaas::net
