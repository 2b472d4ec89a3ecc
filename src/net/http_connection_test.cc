// What clients get that break the rules, are slow, or leave.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "net/event.h"
#include "net/http_rig.h"

namespace pbaas::net {
namespace {

constexpr Duration kHour{3'600'000};

// A waiting handler that says when it came, and when it is gone.
struct Waiting {
  std::atomic<int> entered{0};
  std::atomic<int> alive{0};

  struct Presence {
    explicit Presence(Waiting& where) : waiting(where) {
      ++waiting.alive;
      ++waiting.entered;
    }
    ~Presence() { --waiting.alive; }
    Waiting& waiting;
  };

  Task<Response> wait(Event& event) {
    const Presence presence(*this);
    co_await event.wait(Deadline::at(SystemClock().now() + kHour));
    Response response;
    response.body = "waited";
    co_return response;
  }

  void routes(Router& router, HttpRig& rig) {
    router.add("GET", "/wait", [this, &rig](Request&) { return wait(rig.event()); });
    router.add("GET", "/now", [](Request&) -> Task<Response> { co_return Response(); });
    router.add("POST", "/now", [](Request&) -> Task<Response> { co_return Response(); });
    router.add_upgrade("/socket", [](Request&) -> Task<std::variant<Response, UpgradeTarget>> {
      co_return Response();
    });
  }
};

class HttpConnectionTest : public testing::Test {
 protected:
  // Sends bytes, and gives the status and the reason of the one answer before the end.
  std::string answer_to(const std::string& bytes) {
    auto client = rig_.connect();
    client.send(bytes);
    const auto answer = client.read_answer();
    client.finish_writing();
    EXPECT_EQ(client.read_to_end(), "");
    EXPECT_TRUE(client.ended());
    if (answer.status == 0 || answer.body.empty()) return std::to_string(answer.status);
    const auto body = boost::json::parse(answer.body).as_object();
    EXPECT_NE(answer.head.find("Content-Type: application/problem+json\r\n"), std::string::npos);
    EXPECT_NE(answer.head.find("Connection: close"), std::string::npos);
    return std::to_string(answer.status) + " " + std::string(body.at("reason").as_string());
  }

  Waiting waiting_;
  HttpRig rig_{[this](Router& router, Loop&) { waiting_.routes(router, rig_); }};
};

const std::string kHead = "GET /now HTTP/1.1\r\nHost: a\r\n";
const std::string kPost = "POST /now HTTP/1.1\r\nHost: a\r\n";

TEST_F(HttpConnectionTest, RefusesWhatIsNotHttp) {
  for (const std::string bytes :
       {"hello\r\n\r\n", "GET /now\r\n\r\n", "GET /now HTTP/3.0\r\nHost: a\r\n\r\n",
        "GET /now HTTP/1.1\n", "\x16\x03\x01\x02", "\r\n\r\n", "GET /now HTTP/1.1\r\n\r\n"}) {
    EXPECT_EQ(answer_to(bytes), "400 malformed_http") << bytes;
  }
}

TEST_F(HttpConnectionTest, RefusesWhatFramesARequestInTwoWays) {
  for (const std::string fields :
       {"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 3\r\nContent-Length: 3\r\n", "Content-Length: 3\r\nContent-Length: 4\r\n",
        "Content-Length: +3\r\n", "Transfer-Encoding: gzip\r\n", "Transfer-Encoding : chunked\r\n",
        "Transfer-Encoding:\r\n chunked\r\n", "X: y\nContent-Length: 3\r\n"}) {
    EXPECT_EQ(answer_to(kPost + fields + "\r\n0\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
              "400 malformed_http")
        << fields;
  }
}

TEST_F(HttpConnectionTest, RefusesABadChunk) {
  const auto chunked = kPost + "Transfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(answer_to(chunked + "zz\r\nabc\r\n0\r\n\r\n"), "400 malformed_http");
  EXPECT_EQ(answer_to(chunked + "3\r\nabcd\r\n0\r\n\r\n"), "400 malformed_http");
  EXPECT_EQ(answer_to(chunked + "3\nabc\r\n0\r\n\r\n"), "400 malformed_http");
  EXPECT_EQ(answer_to(chunked + "1;" + std::string(40'000, 'a')), "400 malformed_http");
}

TEST_F(HttpConnectionTest, RefusesTargetsThatCanBeReadInTwoWays) {
  for (const std::string target : {"/%", "/%zz", "/%00", "/%ff", "/../now", "/now#a", "a:80",
                                   "https://a/now", "*", "/now?a=%ZZ", "http://a,b/now"}) {
    EXPECT_EQ(answer_to("GET " + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), "400 malformed_http")
        << target;
  }
  EXPECT_EQ(answer_to("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n"), "400 malformed_http");
}

TEST_F(HttpConnectionTest, RefusesAHeadThatIsTooLarge) {
  EXPECT_EQ(answer_to(kHead + "A: " + std::string(17'000, 'a')), "431 head_too_large");
  EXPECT_EQ(answer_to(kHead + "A: " + std::string(17'000, 'a') + "\r\n\r\n"), "431 head_too_large");
}

TEST_F(HttpConnectionTest, RefusesATargetThatIsTooLong) {
  EXPECT_EQ(answer_to("GET /" + std::string(8'300, 'a')), "414 uri_too_long");
}

TEST_F(HttpConnectionTest, RefusesABodyByItsLengthAtOnce) {
  EXPECT_EQ(answer_to(kPost + "Content-Length: 1048577\r\n\r\n"), "413 body_too_large");
}

TEST_F(HttpConnectionTest, RefusesABodyThatGrowsTooLarge) {
  std::string chunks;
  for (int i = 0; i < 17; ++i) chunks += "10000\r\n" + std::string(65'536, 'a') + "\r\n";
  EXPECT_EQ(answer_to(kPost + "Transfer-Encoding: chunked\r\n\r\n" + chunks), "413 body_too_large");
}

TEST_F(HttpConnectionTest, RefusesAHandshakeWithABodyOrInHttp10) {
  EXPECT_EQ(answer_to("GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\nContent-Length: 2\r\n\r\nhi"),
            "400 bad_upgrade");
  EXPECT_EQ(answer_to("GET /socket HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
            "400 bad_upgrade");
}

TEST_F(HttpConnectionTest, ReadsNoRequestBehindARefusedHandshake) {
  EXPECT_EQ(answer_to("GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                      "Connection: Upgrade\r\n\r\nGET /now HTTP/1.1\r\nHost: a\r\n\r\n"),
            "426 upgrade_required");
}

// Both requests come in one piece, so that the second is begun for sure when the first is answered.
TEST_F(HttpConnectionTest, DoesNotWaitForASlowHead) {
  auto client = rig_.connect();
  client.send(kHead + "\r\n" + kHead);
  EXPECT_EQ(client.read_answer().status, 200);
  rig_.leap_until_readable(client, Duration(1'000));
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST_F(HttpConnectionTest, DoesNotWaitForASlowBody) {
  auto client = rig_.connect();
  client.send(kPost + "Content-Length: 9\r\nExpect: 100-continue\r\n\r\n");
  client.read_head();
  rig_.leap_until_readable(client, Duration(1'000));
  EXPECT_EQ(client.read_answer().status, 408);
}

// A drip of bytes must not move the deadline.
TEST_F(HttpConnectionTest, GivesAHeadThatDripsNoMoreTime) {
  auto client = rig_.connect();
  client.send(kHead + "\r\n" + kHead);
  EXPECT_EQ(client.read_answer().status, 200);
  for (int i = 0; i < 500 && !client.readable(10); ++i) {
    client.send("A");
    rig_.clock().advance(Duration(100));
  }
  EXPECT_EQ(client.read_answer().status, 408);
}

TEST_F(HttpConnectionTest, ClosesAConnectionThatNeverAsks) {
  auto client = rig_.connect();
  ASSERT_TRUE(rig_.comes_true([&] { return rig_.server().connections() == 1; }));
  rig_.leap_until_readable(client, Duration(1'000));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpConnectionTest, ClosesAnIdleConnectionAfterItsTimeAndNotBefore) {
  auto client = rig_.connect();
  client.send(kHead + "\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  rig_.clock().advance(Duration(70'000));
  client.send(kHead + "\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  rig_.leap_until_readable(client, Duration(10'000));
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpConnectionTest, GivesUpAClientThatDoesNotReadItsAnswer) {
  HttpRig rig([](Router& router, Loop&) {
    router.add("GET", "/", [](Request&) -> Task<Response> {
      Response response;
      response.body.assign(64 << 20, 'a');
      co_return response;
    });
  });
  auto client = rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(client.readable(10'000));
  for (int i = 0; i < 2'000 && rig.connections() > 0; ++i) rig.clock().advance(Duration(1'000));
  EXPECT_EQ(rig.connections(), 0u);
}

TEST_F(HttpConnectionTest, HasNoDeadlineForAHandlerThatWaits) {
  auto client = rig_.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.comes_true([&] { return waiting_.entered == 1; }));
  rig_.clock().advance(kHour);
  EXPECT_FALSE(client.readable(50));
  rig_.on_loop([&] { rig_.event().set(); });
  EXPECT_EQ(client.read_answer().body, "waited");
}

TEST_F(HttpConnectionTest, CancelsTheHandlerOfAClientThatHangsUp) {
  auto client = rig_.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.comes_true([&] { return waiting_.alive == 1; }));
  client.close();
  EXPECT_TRUE(rig_.comes_true([&] { return waiting_.alive == 0; }));
  EXPECT_TRUE(rig_.comes_true([&] { return rig_.answered().size() == 1; }));
  EXPECT_EQ(rig_.answered()[0].status, 499);
  EXPECT_TRUE(rig_.comes_true([&] { return rig_.server().connections() == 0; }));
}

TEST_F(HttpConnectionTest, CancelsTheHandlerOfAClientThatResets) {
  auto client = rig_.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.comes_true([&] { return waiting_.alive == 1; }));
  client.reset();
  EXPECT_TRUE(rig_.comes_true([&] { return waiting_.alive == 0; }));
}

TEST_F(HttpConnectionTest, TakesTheEndOfAClientsStreamForItsEnd) {
  auto client = rig_.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.comes_true([&] { return waiting_.alive == 1; }));
  client.finish_writing();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(rig_.comes_true([&] { return waiting_.alive == 0; }));
}

TEST_F(HttpConnectionTest, DoesNotTakeThePipelinedNextRequestForAHangup) {
  auto client = rig_.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.comes_true([&] { return waiting_.alive == 1; }));
  client.send(kHead + "\r\n");
  client.send(kHead.substr(0, 10));
  EXPECT_FALSE(client.readable(20));
  rig_.on_loop([&] { rig_.event().set(); });
  EXPECT_EQ(client.read_answer().body, "waited");
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST_F(HttpConnectionTest, SeesAResetBehindMorePipelinedBytesThanItTakesIn) {
  auto client = rig_.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.comes_true([&] { return waiting_.alive == 1; }));
  client.send(std::string(200'000, 'a'));
  client.reset();
  EXPECT_TRUE(rig_.comes_true([&] { return waiting_.alive == 0; }));
}

TEST_F(HttpConnectionTest, CancelsItsHandlersWhenTheServerGoes) {
  auto client = rig_.connect();
  client.send("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(rig_.comes_true([&] { return waiting_.alive == 1; }));
  rig_.stop();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(rig_.comes_true([&] { return waiting_.alive == 0; }));
}

// 20,000 clients without a key could otherwise have 20 GB held for them.
TEST_F(HttpConnectionTest, RefusesByTheHeadAndReadsNoBodyThen) {
  std::atomic<int> guarded{0};
  HttpRig rig([&](Router& router, Loop&) {
    waiting_.routes(router, rig_);
    router.set_guard([&](const Request& request) -> std::optional<Response> {
      ++guarded;
      if (request.headers.has("Authorization")) return std::nullopt;
      return Response::problem({Fault::kUnauthorized, "send a key"});
    });
  });
  auto stranger = rig.connect();
  stranger.send(kPost + "Content-Length: 1000000\r\nExpect: 100-continue\r\n\r\nfirst");
  const auto refused = stranger.read_answer();
  EXPECT_EQ(refused.status, 401);
  EXPECT_NE(refused.head.find("Connection: close\r\n"), std::string::npos);
  stranger.send(std::string(1'000'000 - 5, 'a') + kHead + "\r\n");
  stranger.finish_writing();
  EXPECT_EQ(stranger.read_to_end(), "");
  EXPECT_EQ(guarded, 1);

  auto known = rig.connect();
  known.send(kPost + "Authorization: Bearer k\r\nContent-Length: 2\r\n\r\nhi" + kHead + "\r\n");
  EXPECT_EQ(known.read_answer().status, 200);
  const auto next = known.read_answer();
  EXPECT_EQ(next.status, 401);
  EXPECT_EQ(next.head.find("Connection: close"), std::string::npos) << "there is no body to skip";
  EXPECT_EQ(guarded, 3);
}

TEST_F(HttpConnectionTest, LetsARefusedClientReadWhy) {
  auto client = rig_.connect();
  client.send(kPost + "Content-Length: 3000000\r\n\r\n");
  client.send(std::string(3'000'000, 'a'));
  EXPECT_EQ(client.read_answer().status, 413);
}

}  // namespace
}  // namespace pbaas::net
