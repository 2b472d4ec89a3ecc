#include "browser/cdp_pipe.h"

#include <fcntl.h>
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <optional>
#include <vector>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// The browser's ends are in the test's hand.
class CdpPipeTest : public ::testing::Test {
 protected:
  CdpPipeTest() {
    int up[2];
    int down[2];
    if (::pipe2(up, O_CLOEXEC) != 0 || ::pipe2(down, O_CLOEXEC) != 0) std::abort();
    commands = UniqueFd(up[0]);
    answers = UniqueFd(down[1]);
    ::fcntl(commands.get(), F_SETFL, O_NONBLOCK);
    pipe = std::make_unique<CdpPipe>(loop, UniqueFd(down[0]), UniqueFd(up[1]));
  }
  void say(std::string text) {
    text.push_back('\0');
    ASSERT_EQ(::write(answers.get(), text.data(), text.size()), ssize_t(text.size()));
  }
  Deadline soon(int ms = 5'000) const { return Deadline::after(clock, Duration(ms)); }

  SystemClock clock;
  net::Loop loop;
  UniqueFd commands;
  UniqueFd answers;
  std::unique_ptr<CdpPipe> pipe;
};

TEST_F(CdpPipeTest, GivesTheResultOfTheCallWithItsId) {
  say(R"({"id":2,"result":{"of":"the second"}})");
  say(R"({"id":1,"result":{"of":"the first"}})");
  const auto first = run_task(loop, pipe->call("A.b", {}, soon()));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->at("of"), "the first");
}

TEST_F(CdpPipeTest, WritesMessagesThatEndWithANul) {
  say(R"({"id":1,"result":{}})");
  ASSERT_TRUE(run_task(loop, pipe->call("A.b", {{"x", 1}}, soon(), "S")));
  char text[256] = {};
  const auto got = ::read(commands.get(), text, sizeof text);
  ASSERT_GT(got, 1);
  EXPECT_EQ(text[got - 1], '\0');
  const auto message = boost::json::parse(text).as_object();
  EXPECT_EQ(message.at("method"), "A.b");
  EXPECT_EQ(message.at("sessionId"), "S");
  EXPECT_EQ(message.at("params").as_object().at("x"), 1);
}

TEST_F(CdpPipeTest, TellsAnErrorFromSilence) {
  say(R"({"id":1,"error":{"message":"no such method"}})");
  const auto refused = run_task(loop, pipe->call("A.b", {}, soon()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().fault, Fault::kInternal);
  EXPECT_THAT(refused.error().detail, HasSubstr("no such method"));
  const auto silent = run_task(loop, pipe->call("A.b", {}, soon(20)));
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().fault, Fault::kBrowserUnreachable);
}

TEST_F(CdpPipeTest, FailsCallsWhenTheBrowserLeaves) {
  answers.reset();
  const auto answer = run_task(loop, pipe->call("A.b", {}, soon()));
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::kBrowserUnreachable);
  EXPECT_FALSE(pipe->is_open());
}

TEST_F(CdpPipeTest, PassesEventsToTheirCallback) {
  std::string seen;
  pipe->on_event("Page.loaded", [&](const boost::json::object& params, const std::string& session) {
    seen = std::string(params.at("url").as_string()) + " in " + session;
  });
  say(R"({"method":"Page.other","params":{}})");
  say(R"({"method":"Page.loaded","params":{"url":"x"},"sessionId":"S"})");
  EXPECT_TRUE(run_until(loop, [&] { return !seen.empty(); }));
  EXPECT_EQ(seen, "x in S");
}

TEST_F(CdpPipeTest, IgnoresWhatItCannotRead) {
  say("hello");
  say(R"({"id":1,"result":)" + std::string(300, '[') + std::string(300, ']') + "}");
  say(R"({"id":1,"result":{"of":"the call"}})");
  const auto answer = run_task(loop, pipe->call("A.b", {}, soon()));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at("of"), "the call");
}

TEST_F(CdpPipeTest, ReadsDeepValues) {
  say(R"({"id":1,"result":{"deep":)" + std::string(200, '[') + std::string(200, ']') + "}}");
  const auto answer = run_task(loop, pipe->call("A.b", {}, soon()));
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->contains("deep"));
}

TEST_F(CdpPipeTest, AssemblesAMessageThatComesInPieces) {
  const std::string text = R"({"id":1,"result":{"long":")" + std::string(40'000, 'x') + R"("}})";
  std::optional<Result<boost::json::object>> answer;
  boost::asio::co_spawn(loop, pipe->call("A.b", {}, soon()),
                        [&](std::exception_ptr, Result<boost::json::object> got) { answer = got; });
  for (std::size_t at = 0; at < text.size(); at += 10'000) {
    const auto piece = text.substr(at, 10'000);
    ASSERT_EQ(::write(answers.get(), piece.data(), piece.size()), ssize_t(piece.size()));
    loop.run_one_for(milliseconds(20));
  }
  say("");
  ASSERT_TRUE(run_until(loop, [&] { return answer.has_value(); }));
  ASSERT_TRUE(*answer);
  EXPECT_EQ((*answer)->at("long").as_string().size(), 40'000u);
}

TEST_F(CdpPipeTest, GivesATapWhatBelongsToSessionsUnread) {
  std::vector<std::string> tapped;
  pipe->tap([&](PipeMessage message) { tapped.push_back(std::move(message.text)); });
  say(R"({"method":"Page.loaded","params":{},"sessionId":"S"})");
  say(R"({"id":1073741824,"result":{},"sessionId":"S"})");
  say(R"({"method":"Target.created","params":{}})");
  say(R"({"id":1,"result":{"of":"the call"},"sessionId":"S"})");
  const auto answer = run_task(loop, pipe->call("A.b", {}, soon(), "S"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->at("of"), "the call");
  ASSERT_EQ(tapped.size(), 2u);
  EXPECT_EQ(tapped[1], R"({"id":1073741824,"result":{},"sessionId":"S"})");
  pipe->tap(nullptr);
}

TEST_F(CdpPipeTest, TellsATapOfTheEnd) {
  std::optional<PipeMessage> last;
  pipe->tap([&](PipeMessage message) { last = std::move(message); });
  answers.reset();
  ASSERT_TRUE(run_until(loop, [&] { return last.has_value(); }));
  ASSERT_TRUE(last);
  EXPECT_TRUE(last->text.empty());
  EXPECT_FALSE(pipe->send("{}"));
}

TEST_F(CdpPipeTest, SendsForATapUntilTheBrowserReadsTooSlowly) {
  const std::string message(1 << 20, 'x');
  int sent = 0;
  while (sent < 100 && pipe->send(message)) ++sent;
  EXPECT_GE(sent, 14);
  EXPECT_LE(sent, 16);
}

}  // namespace
}  // namespace pbaas::browser
