#include "recording/har_timings.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace pbaas::recording {
namespace {

Exchange exchange(const char* response) {
  Exchange made;
  made.started = 100;
  made.responded = 100.1;
  made.ended = 100.2;
  made.response = boost::json::parse(response).as_object();
  return made;
}

TEST(HarTimings, AddUpToTheTimeFromStartToEnd) {
  const auto timings = timings_of(exchange(
      R"({"timing":{"requestTime":100.01,"dnsStart":1,"dnsEnd":3,"connectStart":4,"connectEnd":20,
          "sslStart":10,"sslEnd":20,"sendStart":21,"sendEnd":22,"receiveHeadersEnd":80}})"));
  EXPECT_DOUBLE_EQ(timings.dns, 2);
  EXPECT_DOUBLE_EQ(timings.connect, 16);
  EXPECT_DOUBLE_EQ(timings.ssl, 10);
  EXPECT_DOUBLE_EQ(timings.send, 1);
  EXPECT_DOUBLE_EQ(timings.wait, 58);
  EXPECT_NEAR(timings.receive, 110, 0.01);
  EXPECT_NEAR(timings.blocked, 13, 0.01);
  EXPECT_NEAR(timings.time, 200, 0.01);
}

TEST(HarTimings, HaveNoConnectOnAConnectionThatIsUsedAgain) {
  const auto timings = timings_of(exchange(
      R"({"timing":{"requestTime":100,"dnsStart":-1,"dnsEnd":-1,"connectStart":-1,"connectEnd":-1,
          "sslStart":-1,"sslEnd":-1,"sendStart":1,"sendEnd":1,"receiveHeadersEnd":50}})"));
  EXPECT_EQ(timings.dns, -1);
  EXPECT_EQ(timings.connect, -1);
  EXPECT_EQ(timings.ssl, -1);
}

TEST(HarTimings, AreWaitAndReceiveWhereChromiumTellsNone) {
  const auto timings = timings_of(exchange("{}"));
  EXPECT_EQ(timings.blocked, -1);
  EXPECT_NEAR(timings.wait, 100, 0.01);
  EXPECT_NEAR(timings.receive, 100, 0.01);
}

TEST(HarTimings, AreNeverNegative) {
  auto odd = exchange(R"({"timing":{"requestTime":105,"sendStart":1,"sendEnd":1,
                                    "receiveHeadersEnd":50}})");
  odd.ended = 99;
  const auto timings = timings_of(odd);
  EXPECT_EQ(timings.receive, 0);
  EXPECT_GE(timings.time, 0);
}

}  // namespace
}  // namespace pbaas::recording
