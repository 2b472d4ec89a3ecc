#include "gateway/auth.h"

#include <gtest/gtest.h>

namespace pbaas::gateway {
namespace {

net::Request request_to(std::string path,
                        std::vector<std::pair<std::string, std::string>> headers = {}) {
  net::Request request;
  request.method = "GET";
  request.path = std::move(path);
  request.headers.add("Host", "browsers.example:8000");
  for (auto& [name, value] : headers) request.headers.set(name, value);
  return request;
}

int refusal(const Auth& auth, const net::Request& request) {
  const auto response = auth.refuse(request);
  return response ? response->status : 0;
}

TEST(ApiKeys, AreNotNeededWhereNoneAreSet) {
  EXPECT_EQ(refusal(Auth({}), request_to("/session")), 0);
}

TEST(ApiKeys, AreTakenFromTheHeaderOrTheQuery) {
  const Auth auth({{"one", "two"}, {}, ""});
  EXPECT_EQ(refusal(auth, request_to("/session")), 401);
  EXPECT_EQ(refusal(auth, request_to("/session", {{"Authorization", "Bearer two"}})), 0);
  EXPECT_EQ(refusal(auth, request_to("/session", {{"Authorization", "bearer one"}})), 0);
  EXPECT_EQ(refusal(auth, request_to("/session", {{"Authorization", "Bearer tw"}})), 401);
  EXPECT_EQ(refusal(auth, request_to("/session", {{"Authorization", "Bearer "}})), 401);
  EXPECT_EQ(refusal(auth, request_to("/session", {{"Authorization", "Basic b25l"}})), 401);
  auto with_query = request_to("/session");
  with_query.query["token"] = "one";
  EXPECT_EQ(refusal(auth, with_query), 0);
}

TEST(ApiKeys, AWrongHeaderIsNotSavedByARightQuery) {
  const Auth auth({{"one"}, {}, ""});
  auto request = request_to("/session", {{"Authorization", "Bearer wrong"}});
  request.query["token"] = "one";
  EXPECT_EQ(refusal(auth, request), 401);
}

TEST(ApiKeys, LeaveProbesAndTheReferenceOpen) {
  const Auth auth({{"one"}, {}, ""});
  for (const auto* path :
       {"/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/docs/docs.js"}) {
    EXPECT_EQ(refusal(auth, request_to(path)), 0) << path;
  }
  for (const auto* path : {"/", "/worker", "/livez/x", "/docsx", "/nothing"}) {
    EXPECT_EQ(refusal(auth, request_to(path)), 401) << path;
  }
}

TEST(ApiKeys, MakeOneOwnerEachAndTellNothingOfTheKey) {
  const Auth auth({{"one", "two"}, {}, ""});
  const auto first = auth.owner(request_to("/", {{"Authorization", "Bearer one"}}));
  const auto second = auth.owner(request_to("/", {{"Authorization", "Bearer two"}}));
  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, second);
  EXPECT_EQ(first.find("one"), std::string::npos);
  EXPECT_EQ(auth.owner(request_to("/")), "");
}

TEST(Origin, IsRefusedUnlessItIsAllowed) {
  const Auth auth({{}, {"https://ok.example"}, "https://browsers.example"});
  const auto with = [&](const std::string& origin) {
    return refusal(auth, request_to("/", {{"Origin", origin}}));
  };
  EXPECT_EQ(refusal(auth, request_to("/")), 0);
  EXPECT_EQ(with("https://ok.example"), 0);
  EXPECT_EQ(with("https://browsers.example"), 0);
  EXPECT_EQ(with("devtools://devtools"), 0);
  for (const auto* origin :
       {"https://evil.example", "null", "", "https://ok.example.evil.example", "http://ok.example",
        "https://ok.example:8443", "https://OK.example", "http://browsers.example:8000"}) {
    EXPECT_EQ(with(origin), 403) << origin;
  }
}

TEST(Origin, OfOurOwnPageIsAllowedOnlyWhereTheHostIsAnAddress) {
  const Auth auth({});
  const auto from = [&](const std::string& host) {
    return refusal(auth, request_to("/", {{"Host", host}, {"Origin", "http://" + host}}));
  };
  EXPECT_EQ(from("127.0.0.1:8000"), 0);
  EXPECT_EQ(from("localhost:8000"), 0);
  EXPECT_EQ(from("rebound.example:8000"), 403);
}

TEST(Origin, IsNotNeededToKnowAnotherSitesImageTag) {
  const Auth auth({});
  const auto from = [&](const std::string& site) {
    return refusal(auth, request_to("/session", {{"Sec-Fetch-Site", site}}));
  };
  EXPECT_EQ(from("none"), 0) << "typed into the address bar";
  EXPECT_EQ(from("same-origin"), 0);
  EXPECT_EQ(from("cross-site"), 403);
  EXPECT_EQ(from("same-site"), 403);
}

TEST(Origin, AnAllowedPageMayAskFirst) {
  const Auth auth({{"key"}, {"https://ok.example"}, ""});
  auto request = request_to(
      "/session", {{"Origin", "https://ok.example"}, {"Access-Control-Request-Method", "POST"}});
  request.method = "OPTIONS";
  const auto answer = auth.refuse(request);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 204);
  EXPECT_EQ(answer->headers.get("Access-Control-Allow-Origin"), "https://ok.example");
}

}  // namespace
}  // namespace pbaas::gateway
