#include "net/router.h"

#include <gtest/gtest.h>

namespace pbaas::net {
namespace {

Handler nothing() {
  return [](Request&) -> Task<Response> { co_return Response(); };
}

UpgradeHandler no_upgrade() {
  return [](Request&) -> Task<std::variant<Response, UpgradeTarget>> { co_return Response(); };
}

Request request(std::string method, std::string path) {
  Request made;
  made.method = std::move(method);
  made.path = std::move(path);
  return made;
}

Request handshake(std::string path) {
  auto made = request("GET", std::move(path));
  made.is_upgrade = true;
  made.headers.add("Upgrade", "websocket");
  made.headers.add("Connection", "keep-alive, Upgrade");
  made.headers.add("Sec-WebSocket-Version", "13");
  made.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  return made;
}

const Response& response_of(const Plan& plan) {
  return std::get<Response>(plan.next);
}

TEST(Router, FindsTheHandlerAndWhatItsNamesMatched) {
  Router router;
  router.add("GET", "/session/{id}", nothing());
  auto asked = request("GET", "/session/abc");
  const auto plan = router.plan(asked);
  EXPECT_TRUE(std::holds_alternative<const Handler*>(plan.next));
  EXPECT_EQ(plan.route, "/session/{id}");
  EXPECT_EQ(asked.params.at("id"), "abc");
}

TEST(Router, MatchesTheRootPath) {
  Router router;
  router.add("GET", "/", nothing());
  auto asked = request("GET", "/");
  EXPECT_EQ(router.plan(asked).route, "/");
}

TEST(Router, PrefersALiteralToANameAndANameToATailInAnyOrderOfAdding) {
  Router router;
  router.add("GET", "/docs/{rest...}", nothing());
  router.add("GET", "/docs/{page}", nothing());
  router.add("GET", "/docs/index", nothing());
  const auto route_of = [&router](const char* path) {
    auto asked = request("GET", path);
    return router.plan(asked).route;
  };
  EXPECT_EQ(route_of("/docs/index"), "/docs/index");
  EXPECT_EQ(route_of("/docs/other"), "/docs/{page}");
  EXPECT_EQ(route_of("/docs/a/b"), "/docs/{rest...}");
}

TEST(Router, GivesATailAsOneText) {
  Router router;
  router.add("GET", "/docs/{rest...}", nothing());
  auto asked = request("GET", "/docs/a/b.html");
  router.plan(asked);
  EXPECT_EQ(asked.params.at("rest"), "a/b.html");
  auto bare = request("GET", "/docs");
  EXPECT_EQ(router.plan(bare).route, "/docs/{rest...}");
  EXPECT_EQ(bare.params.at("rest"), "");
}

TEST(Router, AnswersAnUnknownPathWith404) {
  Router router;
  router.add("GET", "/session", nothing());
  auto asked = request("GET", "/sessions");
  const auto plan = router.plan(asked);
  EXPECT_EQ(response_of(plan).status, 404);
  EXPECT_EQ(plan.route, "");
}

TEST(Router, NamesWhatAPathTakesWhereTheMethodIsAnother) {
  Router router;
  router.add("GET", "/session", nothing());
  router.add("POST", "/session", nothing());
  auto asked = request("DELETE", "/session");
  const auto plan = router.plan(asked);
  EXPECT_EQ(response_of(plan).status, 405);
  EXPECT_EQ(response_of(plan).headers.get("Allow"), "OPTIONS, HEAD, GET, POST");
}

TEST(Router, AnswersOptionsOfAKnownPath) {
  Router router;
  router.add("POST", "/session", nothing());
  auto asked = request("OPTIONS", "/session");
  const auto plan = router.plan(asked);
  EXPECT_EQ(response_of(plan).status, 204);
  EXPECT_EQ(response_of(plan).headers.get("Allow"), "OPTIONS, POST");
}

TEST(Router, AnswersHeadByTheHandlerOfGet) {
  Router router;
  router.add("GET", "/session", nothing());
  auto asked = request("HEAD", "/session");
  EXPECT_TRUE(std::holds_alternative<const Handler*>(router.plan(asked).next));
}

TEST(Router, RunsTheGuardBeforeEverything) {
  Router router;
  router.set_guard([](const Request&) { return Response::problem({Fault::kUnauthorized, "key"}); });
  auto asked = request("GET", "/nowhere");
  EXPECT_EQ(response_of(router.plan(asked)).status, 401);
}

TEST(Router, GivesAHandshakeToTheUpgradeHandler) {
  Router router;
  router.add("GET", "/session/{id}", nothing());
  router.add_upgrade("/session/{id}", no_upgrade());
  auto asked = handshake("/session/x");
  EXPECT_TRUE(std::holds_alternative<const UpgradeHandler*>(router.plan(asked).next));
  auto plain = request("GET", "/session/x");
  EXPECT_TRUE(std::holds_alternative<const Handler*>(router.plan(plain).next));
}

TEST(Router, AsksAPlainGetOfAWebSocketPathToUpgrade) {
  Router router;
  router.add_upgrade("/session/{id}/devtools/{rest...}", no_upgrade());
  auto asked = request("GET", "/session/x/devtools/browser/y");
  const auto plan = router.plan(asked);
  EXPECT_EQ(response_of(plan).status, 426);
  EXPECT_EQ(response_of(plan).headers.get("Upgrade"), "websocket");
}

TEST(Router, RefusesAHandshakeOnAPlainPath) {
  Router router;
  router.add("GET", "/session", nothing());
  auto asked = handshake("/session");
  EXPECT_EQ(response_of(router.plan(asked)).status, 400);
}

TEST(Router, RefusesAHandshakeThatIsNoneBeforeItsHandler) {
  Router router;
  router.add_upgrade("/", no_upgrade());
  auto asked = handshake("/");
  asked.headers.set("Sec-WebSocket-Version", "8");
  EXPECT_EQ(response_of(router.plan(asked)).status, 426);
}

}  // namespace
}  // namespace pbaas::net
