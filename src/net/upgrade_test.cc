#include "net/upgrade.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "net/http_rig.h"

namespace pbaas::net {
namespace {

const std::string kHandshake =
    "GET /socket?token=secret HTTP/1.1\r\nHost: gateway.example\r\nUpgrade: websocket\r\n"
    "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: https://evil.example\r\n"
    "Authorization: Bearer secret\r\nCookie: a=b\r\n"
    "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
const std::string kAccepted =
    "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
// A masked text frame "hi" (the mask is 0), and an unmasked "yo".
const std::string kFrameUp = std::string("\x81\x82\0\0\0\0hi", 8);
const std::string kFrameDown = "\x81\x02yo";

class Upgrade : public testing::Test {
 protected:
  RawSocket connect_and_ask(const std::string& bytes = kHandshake) {
    auto client = rig_.connect();
    client.send(bytes);
    return client;
  }

  // The status and the reason of a refusal.
  static std::string refusal(RawSocket& client) {
    const auto answer = client.read_answer();
    if (answer.body.empty()) return std::to_string(answer.status);
    const auto body = boost::json::parse(answer.body).as_object();
    return std::to_string(answer.status) + " " + std::string(body.at("reason").as_string());
  }

  void routes(Router& router) {
    router.add_upgrade("/socket", [this](Request&) -> Task<std::variant<Response, UpgradeTarget>> {
      UpgradeTarget target;
      target.host = "127.0.0.1";
      target.port = port_;
      target.path = path_;
      target.group = group_;
      target.endpoint = endpoint_;
      target.headers = headers_;
      co_return target;
    });
  }

  RawListener browser_;
  int port_ = browser_.port();
  std::string path_ = "/devtools/browser/1234";
  RelayEndpoint endpoint_ = RelayEndpoint::kBrowser;
  Headers headers_;
  SystemClock clock_;
  std::shared_ptr<RelayGroup> group_ = std::make_shared<RelayGroup>(clock_);
  HttpRig rig_{[this](Router& router, Loop&) { routes(router); }};
};

TEST_F(Upgrade, AsksTheBrowserForNothingButAWebSocket) {
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  EXPECT_EQ(browser.read_head(),
            "GET /devtools/browser/1234 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(port_) +
                "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
}

TEST_F(Upgrade, PassesTheBrowsers101OnAndThenFrames) {
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  browser.send(kAccepted);
  EXPECT_EQ(client.read_head(), kAccepted);
  client.send(kFrameUp);
  EXPECT_EQ(browser.read_bytes(kFrameUp.size()), kFrameUp);
  browser.send(kFrameDown);
  EXPECT_EQ(client.read_bytes(kFrameDown.size()), kFrameDown);
  EXPECT_TRUE(rig_.comes_true([&] { return rig_.server().connections() == 0; }));
  ASSERT_EQ(rig_.answered().size(), 1u);
  EXPECT_EQ(rig_.answered()[0].status, 101);
  EXPECT_EQ(rig_.relays().open(), 1u);
}

TEST_F(Upgrade, LosesNoByteReadBeyondEitherHead) {
  auto client = connect_and_ask(kHandshake + kFrameUp);
  auto browser = browser_.accept();
  browser.read_head();
  browser.send(kAccepted + kFrameDown);
  EXPECT_EQ(client.read_head(), kAccepted);
  EXPECT_EQ(client.read_bytes(kFrameDown.size()), kFrameDown);
  EXPECT_EQ(browser.read_bytes(kFrameUp.size()), kFrameUp);
}

TEST_F(Upgrade, TakesNothingButA101ForOne) {
  const std::string no_accept =
      "HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
  const std::string deflate = kAccepted.substr(0, kAccepted.size() - 2) +
                              "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
  for (const std::string& answer :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        std::string("HTTP/1.1 404 Not Found\r\n\r\n"), std::string("nonsense\r\n\r\n"), no_accept,
        deflate, std::string(20'000, 'a')}) {
    auto client = connect_and_ask();
    auto browser = browser_.accept();
    browser.read_head();
    browser.send(answer);
    EXPECT_EQ(refusal(client), "502 browser_unreachable") << answer.substr(0, 40);
  }
}

TEST_F(Upgrade, CallsARefusedPageNotFound) {
  path_ = "/devtools/page/1234";
  endpoint_ = RelayEndpoint::kPage;
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  browser.send("HTTP/1.1 404 Not Found\r\n\r\n");
  EXPECT_EQ(refusal(client), "404 target_not_found");
}

// Chromium does so for a page it does not know.
TEST_F(Upgrade, CallsAPageNotFoundThatIsRefusedWithABody) {
  path_ = "/devtools/page/1234";
  endpoint_ = RelayEndpoint::kPage;
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  browser.send(
      "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 22\r\n\r\nNo such target id: 123");
  EXPECT_EQ(refusal(client), "404 target_not_found");
}

TEST_F(Upgrade, SendsTheTargetsHeadersAlong) {
  headers_.add("X-Worker-Epoch", "abc");
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  EXPECT_NE(browser.read_head().find("\r\nX-Worker-Epoch: abc\r\n"), std::string::npos);
}

TEST_F(Upgrade, AnswersWhatAWorkerAnswers) {
  endpoint_ = RelayEndpoint::kWorker;
  Error told{Fault::kSessionEnded, "it ended"};
  told.end_reason = "idle_timeout";
  const auto problem = Response::problem(told);
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  browser.send("HTTP/1.1 410 Gone\r\nContent-Length: " + std::to_string(problem.body.size()) +
               "\r\n\r\n" + problem.body.substr(0, 10));
  browser.send(problem.body.substr(10));
  EXPECT_EQ(client.read_answer().body, problem.body);
}

TEST_F(Upgrade, SaysThatAWorkersRefusalWasCut) {
  endpoint_ = RelayEndpoint::kWorker;
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  browser.send("HTTP/1.1 410 Gone\r\nContent-Length: 100\r\n\r\n{");
  browser.close();
  EXPECT_EQ(refusal(client), "502 browser_unreachable");
}

TEST_F(Upgrade, LetsNoTargetAddALineToTheRequest) {
  path_ = "/devtools/page/1 HTTP/1.1\r\nHost: a";
  auto client = connect_and_ask();
  EXPECT_EQ(refusal(client), "404 target_not_found");
}

TEST_F(Upgrade, SaysThatABrowserCannotBeReached) {
  browser_.close();
  auto client = connect_and_ask();
  EXPECT_EQ(refusal(client), "502 browser_unreachable");
}

TEST_F(Upgrade, SaysThatABrowserLeftInTheHandshake) {
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  browser.close();
  EXPECT_EQ(refusal(client), "502 browser_unreachable");
}

TEST_F(Upgrade, DoesNotWaitForABrowserThatIsSilent) {
  auto limits = HttpRig::quick();
  limits.handshake_deadline = Duration(50);
  HttpRig rig([this](Router& router, Loop&) { routes(router); }, limits);
  auto client = rig.connect();
  client.send(kHandshake);
  auto browser = browser_.accept();
  EXPECT_EQ(refusal(client), "502 browser_unreachable");
  browser.read_to_end();
  EXPECT_TRUE(browser.ended());
}

TEST_F(Upgrade, LeavesTheBrowserWhereTheClientLeavesInTheHandshake) {
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  client.close();
  EXPECT_EQ(browser.read_to_end(), "");
  EXPECT_TRUE(browser.ended());
  EXPECT_EQ(rig_.relays().open(), 0u);
}

TEST_F(Upgrade, SaysThatTheSessionEndedMeanwhile) {
  auto client = connect_and_ask();
  auto browser = browser_.accept();
  browser.read_head();
  group_->close_all({4000, "idle_timeout"});
  browser.send(kAccepted);
  EXPECT_EQ(refusal(client), "410 session_ended");
}

TEST_F(Upgrade, SaysThatTheSessionEndedWhereItsBrowserIsGone) {
  group_->close_all({4000, "idle_timeout"});
  browser_.close();
  auto client = connect_and_ask();
  EXPECT_EQ(refusal(client), "410 session_ended");
}

TEST_F(Upgrade, RefusesAClientTooMany) {
  std::vector<RelaySeat> seats;
  while (auto seat = RelaySeat::take(group_)) seats.push_back(std::move(*seat));
  auto client = connect_and_ask();
  EXPECT_EQ(refusal(client), "429 too_many_connections");
}

}  // namespace
}  // namespace pbaas::net
