#include "store/curl_transfer.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/scripted_server.h"

namespace pbaas::store {
namespace {

using support::ScriptedServer;

HttpCall get(const ScriptedServer& server) {
  return {.method = "GET", .url = server.url() + "/x", .headers = {"X-Mine: 1"}};
}

TEST(CurlTransfers, GivesStatusHeadersAndBody) {
  ScriptedServer server(
      {"HTTP/1.1 404 Not Found\r\nX-Thing:  a b \r\nContent-Length: 3\r\n\r\nabc"});
  const Interrupt interrupt;
  CurlTransfers transfers("", {}, interrupt);
  const auto answer = transfers.perform(get(server), Duration{5'000}).value();
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.header("x-thing"), "a b");
  EXPECT_EQ(answer.body, "abc");
}

TEST(CurlTransfers, SendsOnlyTheHeadersItWasGiven) {
  ScriptedServer server({"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
  const Interrupt interrupt;
  CurlTransfers transfers("", {}, interrupt);
  ASSERT_TRUE(transfers.perform(get(server), Duration{5'000}));
  const auto head = server.requests().at(0);
  EXPECT_NE(head.find("X-Mine: 1\r\n"), std::string::npos) << head;
  for (const char* unwanted : {"Accept:", "Expect:", "Content-Type:", "User-Agent:"})
    EXPECT_EQ(head.find(unwanted), std::string::npos) << head;
}

TEST(CurlTransfers, FollowsNoRedirect) {
  ScriptedServer server(
      {"HTTP/1.1 307 Elsewhere\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"});
  const Interrupt interrupt;
  CurlTransfers transfers("", {}, interrupt);
  EXPECT_EQ(transfers.perform(get(server), Duration{5'000}).value().status, 307);
}

TEST(CurlTransfers, RefusesAnAnswerThatIsTooLarge) {
  ScriptedServer server({"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890"});
  const Interrupt interrupt;
  CurlTransfers transfers("", {.answer_bytes_max = 10}, interrupt);
  EXPECT_FALSE(transfers.perform(get(server), Duration{5'000}));
}

TEST(CurlTransfers, TakesNoAnswerForWhole) {
  ScriptedServer server({"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf"});
  const Interrupt interrupt;
  CurlTransfers transfers("", {}, interrupt);
  EXPECT_FALSE(transfers.perform(get(server), Duration{5'000}));
}

TEST(CurlTransfers, GivesUpAtItsTimeout) {
  ScriptedServer server({""});
  const Interrupt interrupt;
  CurlTransfers transfers("", {}, interrupt);
  const auto answer = transfers.perform(get(server), Duration{200});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().fault, Fault::kStoreUnavailable);
}

TEST(CurlTransfers, EndsWhenItIsInterrupted) {
  ScriptedServer server({""});
  Interrupt interrupt;
  CurlTransfers transfers("", {}, interrupt);
  std::thread later([&] {
    server.wait_for_request();
    interrupt.set();
  });
  const auto answer = transfers.perform(get(server), Duration{60'000});
  later.join();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().detail, "the service is being stopped");
}

TEST(CurlTransfers, SpeaksHttpAlone) {
  const Interrupt interrupt;
  CurlTransfers transfers("", {}, interrupt);
  const HttpCall call{.method = "GET", .url = "file:///etc/hostname"};
  EXPECT_FALSE(transfers.perform(call, Duration{1'000}));
}

}  // namespace
}  // namespace pbaas::store
