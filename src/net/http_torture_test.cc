// Seeded torture of the server by raw sockets: valid requests in any split, and bytes that are
// nearly requests.
#include <gtest/gtest.h>

#include <random>

#include "net/http_rig.h"

namespace pbaas::net {
namespace {

constexpr unsigned kSeed = 20260131;

Task<Response> echo(Request& request) {
  Response response;
  response.body = request.method + " " + request.path + " " + request.body;
  co_return response;
}

void echo_routes(Router& router, Loop&) {
  for (const auto* method : {"GET", "POST"}) router.add(method, "/{rest...}", echo);
}

class Dice {
 public:
  std::size_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_);
  }

 private:
  std::mt19937 random_{kSeed};
};

struct Sent {
  std::string bytes;
  std::string expected_body;
};

std::string in_chunks(Dice& dice, const std::string& body) {
  std::string chunks;
  for (std::size_t at = 0; at < body.size();) {
    const auto part = body.substr(at, 1 + dice.below(7));
    char size[16];
    std::snprintf(size, sizeof size, "%zx", part.size());
    chunks += std::string(size) + (dice.below(4) == 0 ? ";a=b" : "") + "\r\n" + part + "\r\n";
    at += part.size();
  }
  return chunks + "0\r\n" + (dice.below(4) == 0 ? "X-Trailer: y\r\n" : "") + "\r\n";
}

Sent some_request(Dice& dice) {
  const auto path = "/" + std::to_string(dice.below(1000));
  const std::string head = " " + path + " HTTP/1.1\r\nHost: a\r\n";
  // Bodies that look like requests, so that one read at the wrong place shows.
  const auto body = std::string("GET /wrong HTTP/1.1\r\nHost: a\r\n\r\n").substr(dice.below(30));
  switch (dice.below(3)) {
    case 0:
      return {"GET" + head + "\r\n", "GET " + path + " "};
    case 1:
      return {"POST" + head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body,
              "POST " + path + " " + body};
    default:
      return {"POST" + head + "Transfer-Encoding: chunked\r\n\r\n" + in_chunks(dice, body),
              "POST " + path + " " + body};
  }
}

void send_in_pieces(Dice& dice, RawSocket& client, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto size = std::min(bytes.size(), 1 + dice.below(dice.below(2) == 0 ? 3 : 200));
    client.send(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
}

TEST(HttpTorture, AnswersPipelinedRequestsHoweverTheyAreSplit) {
  HttpRig rig(echo_routes);
  Dice dice;
  for (int round = 0; round < 100; ++round) {
    auto client = rig.connect();
    std::string bytes;
    std::vector<std::string> expected;
    for (auto left = 1 + dice.below(8); left > 0; --left) {
      auto sent = some_request(dice);
      bytes += sent.bytes;
      expected.push_back(std::move(sent.expected_body));
    }
    send_in_pieces(dice, client, bytes);
    for (const auto& body : expected) {
      ASSERT_EQ(client.read_answer().body, body) << "round " << round;
    }
  }
}

TEST(HttpTorture, OutlivesBytesThatAreNearlyRequests) {
  HttpRig rig(echo_routes);
  Dice dice;
  const std::string spice(
      "\r\n\0 :%;,\t/0x\xff"
      "chunked",
      20);
  for (int round = 0; round < 500; ++round) {
    auto bytes = some_request(dice).bytes + some_request(dice).bytes;
    for (auto left = 1 + dice.below(4); left > 0; --left) {
      const auto at = dice.below(bytes.size());
      if (dice.below(3) == 0) {
        bytes.erase(at, 1 + dice.below(4));
      } else {
        bytes.insert(at, spice.substr(dice.below(spice.size()), 1 + dice.below(2)));
      }
      if (bytes.empty()) bytes = "x";
    }
    auto client = rig.connect();
    client.send(bytes);
    client.finish_writing();
    const auto answer = client.read_to_end();
    ASSERT_TRUE(client.ended()) << "round " << round;
    ASSERT_TRUE(answer.empty() || answer.starts_with("HTTP/1.1 ")) << answer;
  }
  auto client = rig.connect();
  client.send("GET /alive HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "GET /alive ");
  client.close();
  EXPECT_TRUE(rig.comes_true([&] { return rig.server().connections() == 0; }));
}

}  // namespace
}  // namespace pbaas::net
