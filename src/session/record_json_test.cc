#include "session/record_json.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace pbaas::session {
namespace {

Session ended_session() {
  Session session{.id = SessionId::random()};
  session.owner = "ann";
  session.options.timeout = std::chrono::seconds(60);
  session.options.viewport = Viewport{800, 600, 1.5};
  session.options.metadata = {{"job", "7"}};
  session.created_at = WallTime{Duration{1'700'000'000'000}};
  session.start("worker-1", "epoch-1");
  session.run({41'000, "guid"}, session.created_at + Duration{5});
  session.warm = true;
  session.traffic = {1, 2, 3, 18'000'000'000'000'000'000ULL};
  session.use = {5, 0, Duration{1'234}, 18'000'000'000'000'000'001ULL};
  session.connections = 2;
  session.end(EndReason::kIdleTimeout, session.created_at + Duration{9}, "said \"so\"");
  return session;
}

Result<Session> there_and_back(const Session& session) {
  const auto text = boost::json::serialize(to_record(session));
  return session_from_record(boost::json::parse(text).as_object());
}

TEST(RecordJson, GivesBackEverythingOfASession) {
  const auto session = ended_session();
  EXPECT_EQ(there_and_back(session).value(), session);
}

TEST(RecordJson, GivesBackASessionThatHasNothingYet) {
  const Session session{.id = SessionId::random()};
  EXPECT_EQ(there_and_back(session).value(), session);
}

Session session_with_proxy() {
  Session session{.id = SessionId::random()};
  session.options.proxy =
      read_upstream_proxy({{"server", "http://a:1"}, {"username", "u"}, {"password", "hunter2"}})
          .value();
  return session;
}

TEST(RecordJson, MasksTheProxysPasswordUnlessItIsAskedFor) {
  const auto text = boost::json::serialize(to_record(session_with_proxy()));
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("password":"***")"), std::string::npos) << text;
}

TEST(RecordJson, GivesTheWorkerTheProxyWhole) {
  const auto session = session_with_proxy();
  EXPECT_EQ(session_from_record(to_record(session, Secrets::kShown)).value(), session);
}

TEST(RecordJson, ReadsARecordOfTheVersionBeforeThatSaysNothingOfUse) {
  auto session = ended_session();
  auto record = to_record(session);
  record.erase("use");
  session.use = {};
  EXPECT_EQ(session_from_record(record).value(), session);
}

TEST(RecordJson, TakesARecordOfTheVersionBeforeThereWereSpares) {
  auto record = to_record(ended_session());
  record.erase("warm");
  EXPECT_FALSE(session_from_record(record).value().warm);
}

TEST(RecordJson, RefusesARecordWithoutAnyOfItsFields) {
  auto whole = to_record(ended_session());
  whole.erase("use");
  for (const auto& [name, value] : whole) {
    if (name == "warm") continue;
    auto record = whole;
    record.erase(name);
    EXPECT_EQ(session_from_record(record).error().fault, Fault::kMalformedJson) << name;
  }
}

TEST(RecordJson, RefusesAFieldOfAnotherType) {
  const auto whole = to_record(ended_session());
  for (const auto& [name, value] : whole) {
    auto record = whole;
    record[name] = boost::json::array{true};
    EXPECT_EQ(session_from_record(record).error().fault, Fault::kMalformedJson) << name;
  }
}

}  // namespace
}  // namespace pbaas::session
