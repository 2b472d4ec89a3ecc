#include "net/http_server.h"

#include <gtest/gtest.h>

#include "net/event.h"
#include "net/http_rig.h"

namespace pbaas::net {
namespace {

// Answers with what it was asked.
Task<Response> echo(Request& request) {
  Response response;
  response.body = request.method + " " + request.path + " " + request.body;
  co_return response;
}

void echo_routes(Router& router, Loop&) {
  for (const auto* method : {"GET", "POST"}) router.add(method, "/{rest...}", echo);
}

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

TEST(HttpServer, AnswersAGet) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send(get("/session/?a=b"));
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "GET /session ");
  EXPECT_NE(answer.head.find("X-Content-Type-Options: nosniff\r\n"), std::string::npos);
  EXPECT_NE(answer.head.find("Cache-Control: no-store\r\n"), std::string::npos);
  EXPECT_EQ(answer.head.find("Server:"), std::string::npos);
}

TEST(HttpServer, TellsTheHandlerWhoAsked) {
  HttpRig rig([](Router& router, Loop&) {
    router.add("GET", "/", [](Request& request) -> Task<Response> {
      Response response;
      response.body = request.peer;
      co_return response;
    });
  });
  auto client = rig.connect();
  client.send(get("/"));
  EXPECT_EQ(client.read_answer().body, "127.0.0.1");
}

TEST(HttpServer, KeepsTheConnectionForTheNextRequest) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  for (const auto* path : {"/1", "/2", "/3"}) {
    client.send(get(path));
    EXPECT_EQ(client.read_answer().body, "GET " + std::string(path) + " ");
  }
}

TEST(HttpServer, AnswersPipelinedRequestsInOrder) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send(get("/1") + "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + get("/3"));
  EXPECT_EQ(client.read_answer().body, "GET /1 ");
  EXPECT_EQ(client.read_answer().body, "POST /2 hi");
  EXPECT_EQ(client.read_answer().body, "GET /3 ");
}

TEST(HttpServer, ReadsAChunkedBody) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  client.send("3\r\nabc\r\n");
  client.send("2\r\nde\r\n0\r\nX: y\r\n\r\n" + get("/next"));
  EXPECT_EQ(client.read_answer().body, "POST / abcde");
  EXPECT_EQ(client.read_answer().body, "GET /next ");
}

TEST(HttpServer, ClosesWhereTheClientAsksIt) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  const auto answer = client.read_answer();
  EXPECT_NE(answer.head.find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.ended());
}

TEST(HttpServer, SpeaksWithHttp10) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_EQ(client.read_answer().status, 200);
  EXPECT_EQ(client.read_to_end(), "");
  auto kept = rig.connect();
  kept.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_NE(kept.read_answer().head.find("Connection: keep-alive\r\n"), std::string::npos);
  kept.send("GET /2 HTTP/1.0\r\n\r\n");
  EXPECT_EQ(kept.read_answer().body, "GET /2 ");
}

TEST(HttpServer, AnswersHeadWithoutTheBody) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n" + get("/next"));
  EXPECT_NE(client.read_head().find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_EQ(client.read_answer().body, "GET /next ");
}

TEST(HttpServer, AsksForTheBodyThatWaitsForIt) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_head(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hi");
  EXPECT_EQ(client.read_answer().body, "POST / hi");
}

TEST(HttpServer, TakesAnAbsoluteTargetAndItsHost) {
  HttpRig rig([](Router& router, Loop&) {
    router.add("GET", "/x", [](Request& request) -> Task<Response> {
      Response response;
      response.body = *request.headers.get("Host");
      co_return response;
    });
  });
  auto client = rig.connect();
  client.send("GET http://b.example:81/x HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.read_answer().body, "b.example:81");
}

TEST(HttpServer, IgnoresOneEmptyLineBeforeARequest) {
  HttpRig rig(echo_routes);
  auto client = rig.connect();
  client.send("\r\n" + get("/"));
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(HttpServer, MakesAnExceptionOfAHandlerA500AndGoesOn) {
  HttpRig rig([](Router& router, Loop& loop) {
    echo_routes(router, loop);
    router.add("GET", "/bug", [](Request&) -> Task<Response> {
      throw std::logic_error("a bug with a secret");
      co_return Response();
    });
  });
  auto client = rig.connect();
  client.send(get("/bug"));
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.body.find("secret"), std::string::npos);
  client.send(get("/"));
  EXPECT_EQ(client.read_answer().status, 200);
}

TEST(HttpServer, LetsTheFinishHookTouchEveryResponse) {
  HttpRig rig([](Router& router, Loop&) {
    router.set_finish([](const Request& request, Response& response) {
      response.headers.set("X-Path", request.path);
    });
  });
  auto client = rig.connect();
  client.send(get("/nowhere"));
  const auto answer = client.read_answer();
  EXPECT_EQ(answer.status, 404);
  EXPECT_NE(answer.head.find("X-Path: /nowhere\r\n"), std::string::npos);
}

TEST(HttpServer, ReportsWhatItAnsweredByRouteAndNotByPath) {
  HttpRig rig([](Router& router, Loop&) { router.add("GET", "/session/{id}", echo); });
  auto client = rig.connect();
  client.send(get("/session/secret"));
  client.read_answer();
  client.send("BREW /session/x HTTP/1.1\r\nHost: a\r\n\r\n");
  client.read_answer();
  ASSERT_TRUE(rig.comes_true([&] { return rig.answered().size() == 2; }));
  const auto answered = rig.answered();
  EXPECT_EQ(answered[0].method, "GET");
  EXPECT_EQ(answered[0].route, "/session/{id}");
  EXPECT_EQ(answered[0].status, 200);
  EXPECT_EQ(answered[1].method, "other");
  EXPECT_EQ(answered[1].status, 405);
}

TEST(HttpServer, AnswersWhatIsUnderWayWhenItStopsAndClosesTheRest) {
  bool entered = false;
  HttpRig rig([&](Router& router, Loop& loop) {
    echo_routes(router, loop);
    router.add("GET", "/wait", [&](Request&) -> Task<Response> {
      entered = true;
      co_await rig.event().wait(Deadline::at(SystemClock().now() + Duration(60'000)));
      co_return Response();
    });
  });
  auto idle = rig.connect();
  idle.send(get("/"));
  idle.read_answer();
  auto fresh = rig.connect();
  auto busy = rig.connect();
  busy.send(get("/wait"));
  ASSERT_TRUE(rig.comes_true([&] { return entered && rig.server().connections() == 3; }));

  rig.on_loop([&] { rig.server().stop_accepting(); });
  EXPECT_EQ(idle.read_to_end(), "");
  EXPECT_TRUE(idle.ended());
  EXPECT_EQ(fresh.read_to_end(), "");
  rig.on_loop([&] { rig.event().set(); });
  EXPECT_NE(busy.read_answer().head.find("Connection: close\r\n"), std::string::npos);
  busy.close();
  EXPECT_TRUE(rig.comes_true([&] { return rig.server().connections() == 0; }));
}

// Its clients neither leave nor send the rest of their requests.
TEST(HttpServer, HasNoConnectionsLeftSoonAfterItStops) {
  const auto limits = HttpRig::quick();
  bool entered = false;
  HttpRig rig(
      [&](Router& router, Loop& loop) {
        echo_routes(router, loop);
        router.add("GET", "/wait", [&](Request&) -> Task<Response> {
          entered = true;
          co_await rig.event().wait(Deadline::at(SystemClock().now() + Duration(60'000)));
          co_return Response();
        });
      },
      limits);
  auto busy = rig.connect();
  busy.send(get("/wait"));
  auto in_head = rig.connect();
  in_head.send(get("/1") + "GET /2");
  in_head.read_answer();
  auto in_body = rig.connect();
  in_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  in_body.read_head();
  in_body.send("h");
  ASSERT_TRUE(rig.comes_true([&] { return entered; }));

  rig.on_loop([&] {
    rig.server().stop_accepting();
    rig.event().set();
  });
  EXPECT_EQ(busy.read_answer().status, 200);
  rig.clock().advance(Duration(1'000));
  EXPECT_EQ(in_head.read_answer().status, 408);
  EXPECT_EQ(in_body.read_answer().status, 408);
  rig.on_loop([&] { rig.clock().advance(limits.linger); });
  EXPECT_TRUE(rig.comes_true([&] { return rig.server().connections() == 0; }));
}

TEST(HttpServer, PrefersANewConnectionToTheOneThatIsIdleForLongest) {
  auto limits = HttpRig::quick();
  limits.connections_max = 2;
  HttpRig rig(echo_routes, limits);
  auto first = rig.connect();
  auto second = rig.connect();
  for (auto* each : {&first, &second, &first}) {
    each->send(get("/"));
    EXPECT_EQ(each->read_answer().status, 200);
  }
  ASSERT_TRUE(rig.comes_true([&] { return rig.server().connections() == 2; }));
  auto third = rig.connect();
  third.send(get("/"));
  EXPECT_EQ(third.read_answer().status, 200);
  EXPECT_EQ(second.read_to_end(), "");
  EXPECT_TRUE(second.ended());
  first.send(get("/still"));
  EXPECT_EQ(first.read_answer().body, "GET /still ");
}

TEST(HttpServer, WarnsOfBeingFullAtMostOnceASecond) {
  auto limits = HttpRig::quick();
  limits.connections_max = 0;
  HttpRig rig(echo_routes, limits);
  testing::internal::CaptureStderr();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(rig.connect().read_answer().status, 503);
  rig.clock().advance(Duration(10'000));
  EXPECT_EQ(rig.connect().read_answer().status, 503);
  rig.stop();
  const auto logged = testing::internal::GetCapturedStderr();
  std::size_t warnings = 0;
  for (auto at = logged.find("http.connections_max"); at != logged.npos;
       at = logged.find("http.connections_max", at + 1)) {
    ++warnings;
  }
  EXPECT_GE(warnings, 2u);
  EXPECT_LE(warnings, 11u);
}

TEST(HttpServer, TurnsAwayWhoeverIsTooMany) {
  auto limits = HttpRig::quick();
  limits.connections_max = 1;
  HttpRig rig(echo_routes, limits);
  auto first = rig.connect();
  ASSERT_TRUE(rig.comes_true([&] { return rig.server().connections() == 1; }));
  auto second = rig.connect();
  EXPECT_EQ(second.read_answer().status, 503);
  first.close();
  ASSERT_TRUE(rig.comes_true([&] { return rig.server().connections() == 0; }));
  auto third = rig.connect();
  third.send(get("/"));
  EXPECT_EQ(third.read_answer().status, 200);
}

TEST(HttpServer, SaysWhereItCannotListen) {
  HttpRig rig(echo_routes);
  rig.on_loop([&] {
    Loop other;
    HttpServer server(other, rig.clock(), Router(), rig.relays(), HttpLimits());
    const auto port = server.listen("127.0.0.1", rig.port());
    ASSERT_FALSE(port);
    EXPECT_NE(port.error().detail.find(std::to_string(rig.port())), std::string::npos);
    EXPECT_NE(port.error().detail.find("choose another"), std::string::npos);
    EXPECT_FALSE(server.listen("not an address", 1));
  });
}

TEST(HttpServer, ListensOnIpv6) {
  LeapingClock clock;
  RelayPool relays(1, clock, RelayLimits());
  Loop loop;
  HttpServer server(loop, clock, Router(), relays, HttpLimits());
  const auto port = server.listen("::1", 0);
  if (!port) GTEST_SKIP() << "this machine has no IPv6";
  EXPECT_GT(*port, 0);
}

}  // namespace
}  // namespace pbaas::net
