// How a relay ends a connection by itself: faults, lost browsers, slow readers, close_all.
#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "net/control_frame.h"
#include "net/relay_rig.h"

namespace pbaas::net {
namespace {

using namespace testing;

class RelayEnd : public RelayTest {
 protected:
  void expect_close(TestPeer& client, int code, const std::string& reason) {
    const Frame close = client.read_frame();
    EXPECT_EQ(close.opcode, kClose);
    EXPECT_EQ(close.close_code(), code);
    EXPECT_EQ(close.close_reason(), reason);
  }

  // Answers the Close and sees the connection end cleanly.
  void expect_clean_end(TestPeer& client) {
    client.send(from_client(kClose, close_payload(1000, "")));
    EXPECT_EQ(client.read_end(), End::kEof);
    EXPECT_TRUE(wait_until_gone());
  }
};

TEST_F(RelayEnd, TellsAClientWhatItDidWrongAndForwardsNothingOfIt) {
  limits_.message_up_bytes_max = 1000;
  const std::string good = from_client(kText, "good");
  struct Case {
    std::string bad;
    int code;
    std::string reason;
  };
  const Case cases[] = {
      {from_browser(kText, "unmasked"), 1002, "protocol_error"},
      {from_client(kBinary, "binary"), 1003, "unsupported_data"},
      {from_client(kText, std::string(1001, 'x')), 1009, "message_too_big"},
  };
  for (const Case& each : cases) {
    auto ends = relay();
    ends.client.send(good + each.bad);
    expect_close(ends.client, each.code, each.reason);
    EXPECT_EQ(ends.client.read_end(), End::kEof);
    EXPECT_EQ(ends.browser.read(good.size()), good);
    EXPECT_EQ(ends.browser.read_end(), End::kEof);
    ends.client.leave();
    EXPECT_TRUE(wait_until_gone());
    EXPECT_EQ(pool().totals().ends.at(each.code), 1u);
  }
}

TEST_F(RelayEnd, LetsTheBrowsersFrameEndBeforeItReportsAFault) {
  auto ends = relay();
  const std::string bytes = from_browser(kText, "a long answer");
  ends.browser.send(bytes.substr(0, 5));
  EXPECT_EQ(ends.client.read(5), bytes.substr(0, 5));
  ends.client.send(from_client(kBinary, "wrong"));
  ends.browser.send(bytes.substr(5));
  EXPECT_EQ(ends.client.read(bytes.size() - 5), bytes.substr(5));
  // Whether the fault was seen before the rest of the frame or after it, the Close comes next.
  expect_close(ends.client, 1003, "unsupported_data");
}

TEST_F(RelayEnd, TakesAMaskedFrameOfTheBrowserForABug) {
  auto ends = relay();
  ends.browser.send(from_client(kText, "masked"));
  expect_close(ends.client, 1011, "browser_protocol_error");
  expect_clean_end(ends.client);
}

TEST_F(RelayEnd, DrainsAClientThatGoesOnSendingAfterItsFault) {
  auto ends = relay();
  ends.client.send(from_client(kBinary, "wrong") + std::string(4 << 20, 'x'));
  expect_close(ends.client, 1003, "unsupported_data");
  // An end, not a reset, which could have overtaken the Close.
  EXPECT_EQ(ends.client.read_end(), End::kEof);
}

TEST_F(RelayEnd, SaysThatTheConnectionToTheBrowserIsLostOnceNobodySaysWhy) {
  auto ends = relay(RelayEndpoint::kBrowser);
  ends.browser.leave();
  pass_time_until_readable(ends.client);
  expect_close(ends.client, 1011, "browser_connection_lost");
  expect_clean_end(ends.client);
}

TEST_F(RelayEnd, SaysThatThePageIsClosedOnAPagesEndpoint) {
  auto ends = relay(RelayEndpoint::kPage);
  ends.browser.leave();
  pass_time_until_readable(ends.client);
  expect_close(ends.client, 1000, "target_closed");
  expect_clean_end(ends.client);
}

TEST_F(RelayEnd, SaysAtOnceThatAWorkerIsLost) {
  auto ends = relay(RelayEndpoint::kWorker);
  ends.browser.leave();
  expect_close(ends.client, 1014, "worker_lost");
  expect_clean_end(ends.client);
}

TEST_F(RelayEnd, TellsAWorkerThatItsClientVanished) {
  auto ends = relay(RelayEndpoint::kWorker);
  ends.client.leave();
  const std::string close = encode_client_close(1001);
  EXPECT_EQ(ends.browser.read(close.size()), close);
  EXPECT_EQ(ends.browser.read_end(), End::kEof);
}

TEST_F(RelayEnd, TellsAWorkerNothingWithinAFrameOfAClientThatVanished) {
  auto ends = relay(RelayEndpoint::kWorker);
  const std::string part = from_client(kText, "incomplete").substr(0, 8);
  ends.client.send(part);
  EXPECT_EQ(ends.browser.read(part.size()), part);
  ends.client.leave();
  EXPECT_EQ(ends.browser.read_end(), End::kEof);
}

TEST_F(RelayEnd, WaitsForTheOwnerToSayWhyTheBrowserLeft) {
  for (int i = 0; i < 50; ++i) {
    group_ = std::make_shared<RelayGroup>(clock_);
    auto ends = relay();
    ends.browser.send(from_browser(kText, "{\"id\":1,\"result\":{}}"));
    ends.browser.leave();
    EXPECT_EQ(ends.client.read_frame().payload, "{\"id\":1,\"result\":{}}");
    group_->close_all({1000, "browser_closed"});
    expect_close(ends.client, 1000, "browser_closed");
    expect_clean_end(ends.client);
  }
}

TEST_F(RelayEnd, AnswersAClientThatClosesWhileTheBrowserIsLost) {
  auto ends = relay();
  ends.browser.leave();
  ends.client.send(from_client(kClose, close_payload(1000, "")));
  EXPECT_EQ(ends.client.read_frame().opcode, kClose);
  EXPECT_EQ(ends.client.read_end(), End::kEof);
}

TEST_F(RelayEnd, CutsAFrameThatTheBrowserNeverEnded) {
  auto ends = relay();
  const std::string part = from_browser(kText, "incomplete").substr(0, 6);
  ends.browser.send(part);
  ends.browser.leave();
  EXPECT_EQ(ends.client.read(part.size()), part);
  EXPECT_TRUE(pass_time_until([this] { return group_->open() == 0; }));
  EXPECT_EQ(ends.client.read_end(), End::kEof);
  EXPECT_EQ(pool().totals().ends.at(1006), 1u);
}

TEST_F(RelayEnd, CutsAnIncompleteFrameWhenTheOwnerEndsTheSession) {
  auto ends = relay();
  const std::string part = from_browser(kText, "incomplete").substr(0, 6);
  ends.browser.send(part);
  EXPECT_EQ(ends.client.read(part.size()), part);
  group_->close_all({1011, "browser_crashed"});
  ends.browser.leave();
  EXPECT_EQ(ends.client.read_end(), End::kEof);
  EXPECT_TRUE(wait_until_gone());
}

TEST_F(RelayEnd, ForgetsAHeaderThatNeverCameWhole) {
  auto ends = relay();
  ends.browser.send(from_browser(kText, std::string(300, 'x')).substr(0, 3));
  ends.browser.leave();
  pass_time_until_readable(ends.client);
  expect_close(ends.client, 1011, "browser_connection_lost");
}

TEST_F(RelayEnd, ClosesAllAtOnceBetweenFrames) {
  auto first = relay();
  auto second = relay();
  group_->close_all({4000, "idle_timeout"});
  expect_close(first.client, 4000, "idle_timeout");
  expect_close(second.client, 4000, "idle_timeout");
  first.client.send(from_client(kText, "too late") + from_client(kClose, ""));
  EXPECT_EQ(first.client.read_end(), End::kEof);
  expect_clean_end(second.client);
  EXPECT_EQ(first.browser.read_end(), End::kEof);
  EXPECT_EQ(pool().totals().ends.at(4000), 2u);
}

TEST_F(RelayEnd, LetsTheFrameThatPassesEndBeforeTheClose) {
  auto ends = relay();
  auto witness = relay();
  const std::string bytes = from_browser(kText, "one frame in two parts");
  ends.browser.send(bytes.substr(0, 5));
  EXPECT_EQ(ends.client.read(5), bytes.substr(0, 5));
  group_->close_all({4001, "session_timeout"});
  // Both were told in the same order by the same thread.
  expect_close(witness.client, 4001, "session_timeout");
  ends.browser.send(bytes.substr(5) + from_browser(kText, "never seen"));
  EXPECT_EQ(ends.client.read(bytes.size() - 5), bytes.substr(5));
  expect_close(ends.client, 4001, "session_timeout");
}

TEST_F(RelayEnd, CutsAFrameThatDoesNotEndWithinTheGrace) {
  auto ends = relay();
  const std::string part = from_browser(kText, "incomplete").substr(0, 6);
  ends.browser.send(part);
  EXPECT_EQ(ends.client.read(part.size()), part);
  group_->close_all({4001, "session_timeout"});
  EXPECT_TRUE(pass_time_until([this] { return group_->open() == 0; }));
  EXPECT_EQ(ends.client.read_end(), End::kEof);
  EXPECT_EQ(pool().totals().ends.at(1006), 1u);
}

TEST_F(RelayEnd, DoesNotWaitForEverForTheAnswerToItsClose) {
  auto ends = relay();
  group_->close_all({4000, "idle_timeout"});
  expect_close(ends.client, 4000, "idle_timeout");
  EXPECT_TRUE(pass_time_until([this] { return group_->open() == 0; }));
  EXPECT_EQ(pool().totals().ends.at(4000), 1u);
}

TEST_F(RelayEnd, ClosesALateJoinerAtOnce) {
  group_->close_all({4000, "idle_timeout"});
  RelayStart start;
  start.to_client = from_browser(kText, "incomplete").substr(0, 6);
  auto ends = relay(std::move(start));
  expect_close(ends.client, 4000, "idle_timeout");
  expect_clean_end(ends.client);
}

TEST_F(RelayEnd, GivesUpAReaderThatTakesNothing) {
  auto ends = relay();
  send_until_stuck(ends.browser, from_browser(kText, std::string(1 << 20, 'x')));
  EXPECT_TRUE(pass_time_until([this] { return group_->open() == 0; }, Duration{1000}));
  const auto ended = pool().totals().ends;
  EXPECT_EQ(ended.at(4003) + ended.at(1006), 1u);
}

TEST_F(RelayEnd, TellsASlowReaderWhoReadsAgainInTimeWhyItEnds) {
  limits_.close_grace = Duration{1'000'000};
  auto ends = relay();
  auto witness = relay();
  // More than the kernel keeps, in one frame that the browser has sent to its end.
  const std::string bytes = from_browser(kText, std::string(32 << 20, 'x'));
  std::thread browser([&] { ends.browser.send(bytes); });
  wait_until_still([&] { return group_->counters().bytes_down.load(); });
  clock_.advance(limits_.slow_reader_max);
  for (int i = 0; i < 2; ++i) {
    pass_time_until_readable(witness.client);
    EXPECT_EQ(witness.client.read_frame().opcode, kPing);
  }
  EXPECT_TRUE(ends.client.read(bytes.size()) == bytes);
  browser.join();
  expect_close(ends.client, 4003, "slow_reader");
}

}  // namespace
}  // namespace pbaas::net
