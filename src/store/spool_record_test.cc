#include "store/spool_record.h"

#include <gtest/gtest.h>

#include <string>

namespace pbaas::store {
namespace {

using session::Session;

Session ended() {
  Session session{.id = SessionId::random()};
  session.owner = "ann";
  session.options.metadata = {{"name", "J\u00fcrgen\n"}};
  session.start("worker-1", "epoch-1");
  session.run({41'000, "guid"}, WallTime{Duration{5}});
  session.end(session::EndReason::kBrowserCrashed, WallTime{Duration{9}}, "it said \"no\"");
  return session;
}

TEST(SpoolRecord, GivesBackWhatWasWritten) {
  const auto session = ended();
  const auto line = to_spool_line(7, session);
  const auto reading = read_spool_line(line + "and the next");
  ASSERT_TRUE(reading.record);
  EXPECT_EQ(reading.bytes, line.size());
  EXPECT_EQ(reading.record->seq, 7);
  EXPECT_EQ(reading.record->session, session);
}

TEST(SpoolRecord, ReadsALineOfTheVersionBeforeThatSaysNothingOfUse) {
  const std::string line =
      R"(8788f6f1 000001f9 {"seq":0,"session":{"id":"0123456789abcdef0123456789abcdef",)"
      R"("owner":"ann","status":"queued","options":{"browser":"headless-shell","timeout":3600,)"
      R"("idle_timeout":300,"queue_timeout":30,"on_disconnect":"keep","viewport":null,)"
      R"("user_agent":null,"locale":null,"timezone":null,"args":[],"metadata":{"team":"blü"}},)"
      R"("worker":null,"worker_epoch":"","browser":null,"end_reason":null,"end_detail":"",)"
      R"("created_at":1700000000000,"started_at":null,"ended_at":null,"expires_at":null,)"
      R"("traffic":[0,0,0,0],"connections":0}})"
      "\n";
  const auto reading = read_spool_line(line);
  ASSERT_TRUE(reading.record);
  EXPECT_EQ(reading.record->session.owner, "ann");
  EXPECT_EQ(reading.record->session.use, session::ResourceUse{});
}

TEST(SpoolRecord, KeepsNoPasswordOfAProxy) {
  auto session = ended();
  session.options.proxy =
      session::read_upstream_proxy(
          {{"server", "http://a:1"}, {"username", "u"}, {"password", "hunter2"}})
          .value();
  const auto line = to_spool_line(7, session);
  EXPECT_EQ(line.find("hunter2"), std::string::npos) << line;
  const auto reading = read_spool_line(line);
  ASSERT_TRUE(reading.record);
  EXPECT_EQ(reading.record->session.options.proxy->server.text(), "a:1");
}

TEST(SpoolRecord, WaitsForTheRestOfEveryLineThatIsCutOff) {
  const auto line = to_spool_line(7, ended());
  for (std::size_t bytes = 0; bytes < line.size(); ++bytes) {
    const auto reading = read_spool_line(std::string_view(line).substr(0, bytes));
    EXPECT_EQ(reading.bytes, 0U) << bytes;
    EXPECT_FALSE(reading.record) << bytes;
  }
}

TEST(SpoolRecord, PassesOverALineInWhichAnyByteIsWrong) {
  const auto good = to_spool_line(7, ended());
  const auto next = to_spool_line(8, ended());
  for (std::size_t at = 0; at + 1 < good.size(); ++at) {
    std::string bytes = good + next;
    bytes[at] = static_cast<char>(bytes[at] ^ 1);
    std::string_view rest = bytes;
    std::optional<SpoolRecord> found;
    while (!rest.empty() && !found) {
      auto reading = read_spool_line(rest);
      if (reading.bytes == 0) break;
      rest.remove_prefix(reading.bytes);
      found = std::move(reading.record);
    }
    ASSERT_TRUE(found) << at;
    EXPECT_EQ(found->seq, 8) << at;
  }
}

TEST(SpoolRecord, FindsTheLineBehindOneThatWasCutOff) {
  const auto line = to_spool_line(7, ended());
  const std::string bytes = line.substr(0, line.size() / 2) + "\n" + line;
  const auto passed = read_spool_line(bytes);
  EXPECT_FALSE(passed.record);
  EXPECT_TRUE(read_spool_line(std::string_view(bytes).substr(passed.bytes)).record);
}

TEST(SpoolRecord, MakesTextValidThatIsNot) {
  auto session = ended();
  session.end_detail =
      std::string("a\xff") + "b\xC3(" + std::string(1, '\0') + "\xED\xA0\x80" + "\u00fc";
  const auto reading = read_spool_line(to_spool_line(1, session));
  ASSERT_TRUE(reading.record);
  const std::string no = "\uFFFD";
  EXPECT_EQ(reading.record->session.end_detail,
            "a" + no + "b" + no + "(" + no + no + no + no + "\u00fc");
}

}  // namespace
}  // namespace pbaas::store
