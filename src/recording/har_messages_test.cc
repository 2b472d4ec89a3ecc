#include "recording/har_messages.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

boost::json::object frame(std::string data, int opcode = 1) {
  return {{"timestamp", 5.0}, {"response", {{"opcode", opcode}, {"payloadData", std::move(data)}}}};
}

struct Rig {
  Redactor redactor{session::HarOptions{}};
  Exchange exchange;
  MessageLimits limits{true, 1000, 64 << 20};

  void add(std::string data) {
    add_frame(exchange, Direction::kReceived, frame(std::move(data)), limits, redactor);
  }
  const boost::json::object& last() const { return exchange.messages.back().as_object(); }
};

TEST(HarMessages, HaveChromesForm) {
  Rig rig;
  add_frame(rig.exchange, Direction::kSent, frame("hello"), rig.limits, rig.redactor);
  EXPECT_EQ(
      rig.last(),
      (boost::json::object{
          {"type", "send"}, {"time", 1005.0}, {"opcode", 1}, {"length", 5u}, {"data", "hello"}}));
}

TEST(HarMessages, HideSecrets) {
  Rig rig;
  rig.add(R"({"token":"t"})");
  EXPECT_EQ(rig.last().at("data"), R"({"token":"[redacted]"})");
}

TEST(HarMessages, AreWithoutTheBytesThatAPageSends) {
  Rig rig;
  add_frame(rig.exchange, Direction::kSent, frame("EBAABE1RVFQ=", 2), rig.limits, rig.redactor);
  EXPECT_FALSE(rig.last().contains("data"));
  EXPECT_EQ(rig.last().at("length"), 12u);
  add_frame(rig.exchange, Direction::kReceived, frame("IAIAAA==", 2), rig.limits, rig.redactor);
  EXPECT_EQ(rig.last().at("data"), "IAIAAA==");
}

TEST(HarMessages, AreWithoutDataWhereBodiesAreNotAskedFor) {
  Rig rig;
  rig.limits.with_data = false;
  rig.add("hello");
  EXPECT_FALSE(rig.last().contains("data"));
  EXPECT_EQ(rig.last().at("length"), 5u);
}

TEST(HarMessages, AreCutAndDroppedBeyondTheirLimits) {
  Rig rig;
  rig.add(std::string(kMessageBytesMax + 1, 'x'));
  EXPECT_EQ(rig.last().at("data").as_string().size(), kMessageBytesMax);
  for (std::size_t i = 0; i < kMessageBytesTotalMax / kMessageBytesMax; ++i)
    rig.add(std::string(kMessageBytesMax, 'x'));
  EXPECT_EQ(rig.exchange.dropped_messages, 1u);
}

TEST(HarMessages, AreDroppedWhereAllTogetherTakeTooMuch) {
  Rig rig;
  rig.limits.bytes_left = 2 * kMessageOverheadBytes;
  const auto taken =
      add_frame(rig.exchange, Direction::kSent, frame("hello"), rig.limits, rig.redactor);
  EXPECT_EQ(taken, kMessageOverheadBytes + 5);
  rig.limits.bytes_left -= taken;
  rig.add("hello");
  EXPECT_EQ(rig.exchange.messages.size(), 1u);
  EXPECT_EQ(rig.exchange.dropped_messages, 1u);
}

TEST(HarMessages, OfEventStreamsHaveTheirNames) {
  Rig rig;
  add_server_event(rig.exchange,
                   {{"timestamp", 5.0}, {"eventName", "e"}, {"eventId", "7"}, {"data", "d"}},
                   rig.limits, rig.redactor);
  EXPECT_EQ(rig.last().at("eventName"), "e");
  EXPECT_EQ(rig.last().at("data"), "d");
}

TEST(HarMessages, OfEventStreamsTakeNoMoreWhateverTheirNamesAre) {
  Rig rig;
  rig.limits.with_data = false;
  const boost::json::object event{{"eventName", "e"}, {"eventId", std::string(1 << 20, 'x')}};
  std::size_t taken = 0;
  for (std::size_t i = 0; i < kMessagesMax; ++i)
    taken += add_server_event(rig.exchange, event, rig.limits, rig.redactor);
  EXPECT_EQ(rig.last().at("eventId").as_string().size(), kMessageNameBytesMax);
  EXPECT_LE(rig.exchange.messages.size() * kMessageNameBytesMax, kMessageBytesTotalMax);
  EXPECT_GE(taken, rig.exchange.messages.size() * kMessageNameBytesMax);
  EXPECT_GT(rig.exchange.dropped_messages, 0u);
}

}  // namespace
}  // namespace pbaas::recording
