#include "net/http.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas::net {
namespace {

TEST(Headers, FindNamesWithoutCase) {
  Headers headers;
  headers.add("X-One", "1");
  headers.add("x-one", "2");
  EXPECT_EQ(headers.get("X-ONE"), "1");
  EXPECT_EQ(headers.count("x-One"), 2u);
  headers.set("x-ONE", "3");
  EXPECT_EQ(headers.count("X-One"), 1u);
  headers.remove("X-One");
  EXPECT_FALSE(headers.has("X-One"));
}

TEST(Response, TellsAProblemAsRfc9457Does) {
  const auto response = Response::problem({Fault::kInvalidField, "it takes a number", "timeout"});
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
  EXPECT_FALSE(response.headers.has("Retry-After"));
  const auto body = boost::json::parse(response.body).as_object();
  EXPECT_EQ(body.at("reason"), "invalid_field");
  EXPECT_EQ(body.at("status"), 400);
  EXPECT_EQ(body.at("detail"), "it takes a number");
  EXPECT_EQ(body.at("field"), "timeout");
}

TEST(Response, SaysWhenToComeAgain) {
  const auto response = Response::problem({Fault::kQueueFull, "full", "", 7});
  EXPECT_EQ(response.headers.get("Retry-After"), "7");
}

TEST(ErrorOf, ReadsBackWhatAProblemTells) {
  Error told{Fault::kSessionEnded, "it ended", "id", 7};
  told.end_reason = "idle_timeout";
  const auto read = error_of(Response::problem(told));
  EXPECT_EQ(read.fault, told.fault);
  EXPECT_EQ(read.detail, told.detail);
  EXPECT_EQ(read.field, told.field);
  EXPECT_EQ(read.retry_after_s, told.retry_after_s);
  EXPECT_EQ(read.end_reason, told.end_reason);
}

TEST(ErrorOf, CallsInternalWhatIsNoProblem) {
  for (const char* body :
       {"", "nonsense", "[]", "{}", R"({"reason": 1})", R"({"reason": "new"})"}) {
    Response response;
    response.status = 418;
    response.body = body;
    EXPECT_EQ(error_of(response).fault, Fault::kInternal) << body;
    EXPECT_EQ(error_of(response).detail, "answered with status 418") << body;
  }
}

TEST(ErrorBehind, TellsAClientNothingOfWhatIsBetweenOurProcesses) {
  for (const auto fault : {Fault::kUnauthorized, Fault::kNoSuchWorker, Fault::kInternal}) {
    EXPECT_EQ(error_behind(Response::problem({fault, ""})).fault, Fault::kBrowserUnreachable);
  }
  EXPECT_EQ(error_behind(Response::problem({Fault::kSessionEnded, ""})).fault,
            Fault::kSessionEnded);
}

}  // namespace
}  // namespace pbaas::net
