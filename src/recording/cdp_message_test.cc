#include "recording/cdp_message.h"

#include <gtest/gtest.h>

#include "recording/har_values.h"

namespace pbaas::recording {
namespace {

browser::PipeMessage whole(std::string text) {
  const auto bytes = text.size();
  return {std::move(text), bytes};
}

TEST(CdpMessage, IsAnEventOrAnAnswer) {
  const auto event = read_message(whole(R"({"method":"A.b","params":{"x":1},"sessionId":"S"})"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->method + event->session, "A.bS");
  EXPECT_EQ(number_of(event->content, "x", 0), 1);
  const auto answer = read_message(whole(R"({"id":7,"result":{"y":2},"sessionId":"S"})"));
  EXPECT_EQ(answer->id, 7);
  EXPECT_EQ(number_of(answer->content, "y", 0), 2);
  EXPECT_TRUE(read_message(whole(R"({"id":7,"error":{"message":"no"}})"))->is_error);
}

TEST(CdpMessage, IsNothingWhereItCannotBeRead) {
  EXPECT_FALSE(read_message(whole("{")));
  EXPECT_FALSE(read_message(whole("[]")));
}

TEST(CdpMessage, TellsOfALongFrameWhatItsHeadSays) {
  const std::string text =
      R"({"method":"Network.webSocketFrameReceived","params":{"requestId":"9.1","timestamp":5.5,)"
      R"("response":{"opcode":2,"mask":false,"payloadData":"xxxx"}},"sessionId":"S"})";
  const auto frame = read_message({text, text.size() + 1000});
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->session, "S");
  EXPECT_EQ(text_of(frame->content, "requestId"), "9.1");
  EXPECT_EQ(number_of(frame->content, "timestamp", 0), 5.5);
  EXPECT_EQ(number_of(object_of(frame->content, "response"), "cutBytes", 0), 1000);
}

TEST(CdpMessage, ForgetsOtherEventsThatAreTooLong) {
  EXPECT_FALSE(read_message({R"({"method":"Page.x","params":{)", 20'000'000}));
}

TEST(CdpMessage, OfRequestsOnlyTheEndMayBeAnswered) {
  for (const bool asks_for_bodies : {false, true}) {
    for (const char* text :
         {R"({"id":1073741824,"result":{}})", R"({"method":"Page.loadEventFired"})",
          R"({"method":"Target.attachedToTarget"})", "no message"})
      EXPECT_TRUE(may_be_answered(text, asks_for_bodies)) << text;
    for (const char* text : {R"({"method":"Network.responseReceived","params":{}})",
                             R"({"method":"Network.loadingFailed","params":{}})"})
      EXPECT_FALSE(may_be_answered(text, asks_for_bodies)) << text;
    EXPECT_EQ(
        may_be_answered(R"({"method":"Network.loadingFinished","params":{}})", asks_for_bodies),
        asks_for_bodies);
  }
}

}  // namespace
}  // namespace pbaas::recording
