#include "browser/pipe_messages.h"

#include <gtest/gtest.h>

#include <vector>

namespace pbaas::browser {
namespace {

std::vector<PipeMessage> framed(PipeFramer& framer, const std::vector<std::string>& pieces) {
  std::vector<PipeMessage> messages;
  for (const auto& piece : pieces) {
    EXPECT_TRUE(framer.take(piece, [&](PipeMessage message) {
      messages.push_back(std::move(message));
      return true;
    }));
  }
  return messages;
}

std::string with_nul(std::string text) {
  text.push_back('\0');
  return text;
}

TEST(PipeFramer, FindsMessagesWhereverTheStreamIsCut) {
  const std::string stream = with_nul("{\"id\":1}") + with_nul("{\"method\":\"A.b\"}");
  for (std::size_t at = 0; at <= stream.size(); ++at) {
    PipeFramer framer;
    const auto messages = framed(framer, {stream.substr(0, at), stream.substr(at)});
    ASSERT_EQ(messages.size(), 2u) << at;
    EXPECT_EQ(messages[1].text, "{\"method\":\"A.b\"}");
  }
}

TEST(PipeFramer, KeepsHeadAndEndOfAnEventThatIsTooLong) {
  PipeFramer framer;
  framer.cut_events(true);
  const std::string head = R"({"method":"Network.webSocketFrameReceived","params":{"data":")";
  const std::string end = R"("},"sessionId":"AB12"})";
  const std::string middle(kPipeEventBytesMax, 'x');
  const auto messages = framed(framer, {head, middle, with_nul(end), with_nul("{}")});
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_TRUE(messages[0].is_cut());
  EXPECT_EQ(messages[0].bytes, head.size() + middle.size() + end.size());
  EXPECT_EQ(messages[0].text.size(), kPipeCutHeadBytes + kPipeCutTailBytes);
  EXPECT_TRUE(messages[0].text.starts_with(head));
  EXPECT_EQ(session_of(messages[0].text), "AB12");
  EXPECT_EQ(messages[1].text, "{}");
}

TEST(PipeFramer, LeavesALongAnswerWhole) {
  PipeFramer framer;
  framer.cut_events(true);
  const std::string answer = R"({"id":1,"result":")" + std::string(kPipeEventBytesMax, 'x') + "\"}";
  const auto messages = framed(framer, {with_nul(answer)});
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_FALSE(messages[0].is_cut());
}

TEST(PipeFramer, TakesNothingLongWhereNobodyReadsEvents) {
  PipeFramer framer;
  const std::string half(kPipeOwnMessageBytesMax / 2, 'x');
  const auto take = [&](const std::string& bytes) {
    return framer.take(bytes, [](auto) { return true; });
  };
  EXPECT_TRUE(take(with_nul(half)));
  EXPECT_TRUE(take(half));
  EXPECT_TRUE(take(half));
  EXPECT_FALSE(take("x"));
}

TEST(SessionOf, IsWhatChromiumWritesLast) {
  EXPECT_EQ(session_of(R"({"id":2,"result":{},"sessionId":"878C"})"), "878C");
  EXPECT_EQ(session_of(R"({"id":1,"result":{"sessionId":"878C"}})"), "");
  EXPECT_EQ(session_of(R"({"method":"A.b","params":{"t":",\"sessionId\":\"878C"}})"), "");
  EXPECT_EQ(session_of(R"({"a":",\"sessionId\":\"878C"})"), "");
  EXPECT_EQ(session_of("\"}"), "");
  EXPECT_EQ(session_of(""), "");
}

TEST(AnsweredId, IsTheNumberThatStartsAnAnswer) {
  EXPECT_EQ(answered_id(R"({"id":1073741825,"result":{}})"), 1073741825);
  EXPECT_FALSE(answered_id(R"({"method":"A.b","params":{"id":3}})"));
  EXPECT_FALSE(answered_id(R"({"id":"x"})"));
}

}  // namespace
}  // namespace pbaas::browser
