#include "store/s3_client.h"

#include <gtest/gtest.h>

#include "support/scripted_server.h"

namespace pbaas::store {
namespace {

using support::ScriptedServer;

std::string answer(const std::string& status, const std::string& body,
                   const std::string& headers = "") {
  return "HTTP/1.1 " + status + "\r\nConnection: close\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string fault(const std::string& code, const std::string& more = "") {
  return "<Error><Code>" + code + "</Code>" + more + "</Error>";
}

// A client of a server that says what a real one says seldom.
class S3ClientTest : public testing::Test {
 protected:
  Result<S3Answer> ask(const ScriptedServer& server) {
    S3Options options{.endpoint = server.url(), .bucket = "recordings"};
    options.credentials = {"access", "the-secret"};
    options.retry = {.tries_max = 3, .first = Duration{1}, .most = Duration{2}};
    const auto address = S3Address::parse(options.endpoint, options.bucket).value();
    S3Client client(options, address, address, clock_, interrupt_);
    return client.send({.method = "GET", .key = "k"},
                       Deadline::after(clock_, std::chrono::seconds(20)));
  }

  SystemClock clock_;
  Interrupt interrupt_;
};

TEST_F(S3ClientTest, TriesAgainWhatMayPass) {
  ScriptedServer server({answer("503 Slow Down", fault("SlowDown")), "HTTP/1.1 200 OK\r\nCont",
                         answer("200 OK", "there")});
  const auto got = ask(server);
  ASSERT_TRUE(got) << got.error().detail;
  EXPECT_EQ(got->http.body, "there");
}

TEST_F(S3ClientTest, GivesUpAfterSoManyTries) {
  const auto busy = answer("503 Slow Down", fault("SlowDown"));
  ScriptedServer server({busy, busy, busy, answer("200 OK", "")});
  const auto got = ask(server);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().detail.find("503 SlowDown"), std::string::npos) << got.error().detail;
  EXPECT_EQ(server.requests().size(), 3U);
}

TEST_F(S3ClientTest, TriesWhatIsForbiddenOnce) {
  ScriptedServer server({answer("403 Forbidden", fault("AccessDenied")), answer("200 OK", "")});
  EXPECT_FALSE(ask(server));
  EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(S3ClientTest, TakesTheRegionThatTheStoreNames) {
  ScriptedServer server({answer("400 Bad Request", fault("AuthorizationHeaderMalformed",
                                                         "<Region>eu-west-1</Region>")),
                         answer("200 OK", "")});
  ASSERT_TRUE(ask(server));
  EXPECT_NE(server.requests().at(1).find("/eu-west-1/s3/aws4_request"), std::string::npos);
}

TEST_F(S3ClientTest, TakesTheRegionOfARedirectsHeader) {
  ScriptedServer server(
      {answer("301 Moved", "", "x-amz-bucket-region: eu-north-1\r\n"), answer("200 OK", "")});
  ASSERT_TRUE(ask(server));
  EXPECT_NE(server.requests().at(1).find("/eu-north-1/s3/aws4_request"), std::string::npos);
}

TEST_F(S3ClientTest, TakesTheStoresDateWhereTheClocksDiffer) {
  ScriptedServer server({answer("403 Forbidden", fault("RequestTimeTooSkewed"),
                                "Date: Fri, 24 May 2013 00:00:00 GMT\r\n"),
                         answer("200 OK", "")});
  ASSERT_TRUE(ask(server));
  EXPECT_NE(server.requests().at(1).find("x-amz-date: 20130524T0000"), std::string::npos);
}

TEST_F(S3ClientTest, DoesNotGoOnForEverWithAClockThatIsNeverRight) {
  const auto skewed = [](const std::string& year) {
    return answer("403 Forbidden", fault("RequestTimeTooSkewed"),
                  "Date: Fri, 24 May " + year + " 00:00:00 GMT\r\n");
  };
  ScriptedServer server({skewed("2010"), skewed("2012"), skewed("2014"), skewed("2016"),
                         skewed("2018"), skewed("2020")});
  EXPECT_FALSE(ask(server));
  EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(S3ClientTest, NamesTheAnswerThatIsNoXml) {
  ScriptedServer server({answer("403 Forbidden", "<html>go away")});
  const auto got = ask(server);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().detail.find("it answered 403"), std::string::npos) << got.error().detail;
  EXPECT_EQ(got.error().detail.find("go away"), std::string::npos);
}

TEST_F(S3ClientTest, NeverSaysTheSecret) {
  ScriptedServer server({answer("403 Forbidden", fault("SignatureDoesNotMatch"))});
  const auto got = ask(server);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().detail.find("the-secret"), std::string::npos);
  EXPECT_EQ(server.requests().at(0).find("the-secret"), std::string::npos);
}

TEST_F(S3ClientTest, StopsWaitingWhenItIsInterrupted) {
  interrupt_.set();
  ScriptedServer server({answer("503 Slow Down", fault("SlowDown")), answer("200 OK", "")});
  EXPECT_FALSE(ask(server));
  EXPECT_LE(server.requests().size(), 1U);
}

}  // namespace
}  // namespace pbaas::store
