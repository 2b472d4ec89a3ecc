// Bodies that are made while they are sent.
#include <gtest/gtest.h>

#include "net/event.h"
#include "net/http_rig.h"

namespace pbaas::net {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

// A body of so many pieces, which says how many were asked for.
struct StagedBody {
  std::uint64_t pieces = 0;
  std::uint64_t promised = 0;  // of the pieces
  std::atomic<std::uint64_t> asked{0};
  bool throws = false;

  Response response() {
    Response response;
    response.source = std::make_shared<BodySource>();
    response.source->bytes = promised * kPieceBytes;
    response.source->next = [this]() -> Task<Result<std::string>> {
      if (throws) throw std::runtime_error("a bug");
      if (asked == pieces) co_return Error{Fault::kStoreUnavailable, "the store is away"};
      co_return std::string(kPieceBytes, static_cast<char>('a' + asked++ % 26));
    };
    return response;
  }
};

class HttpBodyTest : public testing::Test {
 protected:
  RawSocket ask(const std::string& method = "GET") {
    auto client = rig_.connect();
    client.send(method + " /body HTTP/1.1\r\nHost: x\r\n\r\n");
    return client;
  }

  StagedBody body_;
  HttpRig rig_{[this](Router& router, Loop&) {
    router.add("GET", "/body", [this](Request&) -> Task<Response> { co_return body_.response(); });
  }};
};

TEST_F(HttpBodyTest, ComesPieceByPieceAndWhole) {
  body_.pieces = body_.promised = 30;
  auto client = ask();
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  ASSERT_EQ(answer.body.size(), 30 * kPieceBytes);
  EXPECT_EQ(answer.body[29 * kPieceBytes], 'd');
}

TEST_F(HttpBodyTest, LeavesTheConnectionToTheNextRequest) {
  body_.pieces = body_.promised = 2;
  auto client = ask();
  EXPECT_EQ(client.read_answer().status, 200);
  client.send("HEAD /body HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(client.read_head().find("Content-Length: 131072"), std::string::npos);
}

TEST_F(HttpBodyTest, IsNotMadeForAHead) {
  body_.promised = 2;
  auto client = ask("HEAD");
  EXPECT_NE(client.read_head().find("Content-Length: 131072"), std::string::npos);
  EXPECT_EQ(body_.asked, 0U);
}

TEST_F(HttpBodyTest, IsAskedForNoFasterThanItsClientTakesIt) {
  body_.pieces = body_.promised = 10'000;
  auto client = ask();
  client.read_head();
  // It stops when the kernel's buffers are full, which is far from the end.
  std::uint64_t before = 0;
  ASSERT_TRUE(rig_.comes_true([&] {
    const auto now = body_.asked.load();
    return std::exchange(before, now) == now && now > 0;
  }));
  EXPECT_LT(body_.asked, 1'000U);
}

TEST_F(HttpBodyTest, EndsTheConnectionWhereItBreaksOff) {
  body_.pieces = 3;
  body_.promised = 4;
  auto client = ask();
  client.read_head();
  EXPECT_EQ(client.read_to_end().size(), 3 * kPieceBytes);
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpBodyTest, EndsTheConnectionWhereItsSourceThrows) {
  body_.throws = true;
  body_.promised = 1;
  auto client = ask();
  client.read_head();
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpBodyTest, IsNotWaitedForByAServerThatGoes) {
  body_.pieces = body_.promised = 10'000;
  auto client = ask();
  client.read_head();
  rig_.stop();
  client.read_to_end();
  EXPECT_TRUE(rig_.comes_true([] { return true; }));
}

TEST_F(HttpBodyTest, IsGivenUpWhereItsClientTakesNothingForTooLong) {
  body_.pieces = body_.promised = 10'000;
  auto client = ask();
  client.read_head();
  ASSERT_TRUE(rig_.comes_true([&] {
    rig_.clock().advance(Duration(60'000));
    return rig_.server().connections() == 0;
  }));
}

}  // namespace
}  // namespace pbaas::net
