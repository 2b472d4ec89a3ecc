#include "session/session.h"

#include <gtest/gtest.h>

#include <array>

namespace pbaas::session {
namespace {

constexpr std::array kAllStatuses{SessionStatus::kQueued, SessionStatus::kStarting,
                                  SessionStatus::kRunning, SessionStatus::kEnded};

Session in_status(SessionStatus status) {
  Session session{.id = SessionId::random()};
  session.options.timeout = std::chrono::seconds(60);
  session.status = status;
  if (status == SessionStatus::kEnded) {
    session.end_reason = EndReason::kDrained;
    session.ended_at = WallTime{Duration{1}};
    session.end_detail = "first";
  }
  return session;
}

TEST(SessionStatus, HasAWordThatReadsBack) {
  for (const auto status : kAllStatuses) EXPECT_EQ(status_from_word(to_word(status)), status);
  EXPECT_FALSE(status_from_word("Running"));
}

TEST(Session, StartsOnlyFromTheQueue) {
  for (const auto status : kAllStatuses) {
    auto session = in_status(status);
    const auto before = session;
    const bool moved = session.start("worker-1", "epoch-1");
    EXPECT_EQ(moved, status == SessionStatus::kQueued) << to_word(status);
    if (!moved) EXPECT_EQ(session, before) << to_word(status);
  }
}

TEST(Session, RunsOnlyFromItsStart) {
  for (const auto status : kAllStatuses) {
    auto session = in_status(status);
    const auto before = session;
    const bool moved = session.run({41'000, "guid"}, WallTime{});
    EXPECT_EQ(moved, status == SessionStatus::kStarting) << to_word(status);
    if (!moved) EXPECT_EQ(session, before) << to_word(status);
  }
}

TEST(Session, EndsFromAnyStatusButOnlyOnce) {
  for (const auto status : kAllStatuses) {
    auto session = in_status(status);
    const auto before = session;
    const bool moved = session.end(EndReason::kIdleTimeout, WallTime{Duration{9}}, "second");
    EXPECT_EQ(moved, status != SessionStatus::kEnded) << to_word(status);
    if (!moved) EXPECT_EQ(session, before) << to_word(status);
  }
}

TEST(Session, KnowsItsWorkerOnceItStarts) {
  auto session = in_status(SessionStatus::kQueued);
  ASSERT_TRUE(session.start("worker-1", "epoch-1"));
  EXPECT_EQ(session.worker, "worker-1");
  EXPECT_EQ(session.status, SessionStatus::kStarting);
}

TEST(Session, KnowsItsBrowserAndWhenItExpiresOnceItRuns) {
  auto session = in_status(SessionStatus::kStarting);
  ASSERT_TRUE(session.run({41'000, "guid"}, WallTime{Duration{5000}}));
  EXPECT_EQ(session.browser, (BrowserAddress{41'000, "guid"}));
  EXPECT_EQ(session.started_at, WallTime{Duration{5000}});
  EXPECT_EQ(session.expires_at, WallTime{Duration{65'000}});
}

TEST(Session, SaysWhyAndWhenItEnded) {
  auto session = in_status(SessionStatus::kRunning);
  session.connections = 2;
  ASSERT_TRUE(session.end(EndReason::kBrowserCrashed, WallTime{Duration{9}}, "signal 9"));
  EXPECT_EQ(session.end_reason, EndReason::kBrowserCrashed);
  EXPECT_EQ(session.ended_at, WallTime{Duration{9}});
  EXPECT_EQ(session.end_detail, "signal 9");
  EXPECT_EQ(session.connections, 0);
}

class LifetimeTest : public testing::Test {
 protected:
  TestClock clock_;
  Lifetime lifetime_{clock_.now(), clock_.now(), std::chrono::seconds(60),
                     std::chrono::seconds(10)};
};

TEST_F(LifetimeTest, GoesOnUntilTheLastMillisecondOfItsIdleTime) {
  clock_.advance(Duration{9'999});
  EXPECT_EQ(lifetime_.due(clock_.now()), std::nullopt);
  clock_.advance(Duration{1});
  EXPECT_EQ(lifetime_.due(clock_.now()), EndReason::kIdleTimeout);
}

TEST_F(LifetimeTest, StartsItsIdleTimeAnewWithEachMessage) {
  clock_.advance(Duration{9'999});
  lifetime_.last_client_message = clock_.now();
  clock_.advance(Duration{9'999});
  EXPECT_EQ(lifetime_.due(clock_.now()), std::nullopt);
  clock_.advance(Duration{1});
  EXPECT_EQ(lifetime_.due(clock_.now()), EndReason::kIdleTimeout);
}

TEST_F(LifetimeTest, EndsAtItsHardLimitHoweverBusyItIs) {
  clock_.advance(Duration{59'999});
  lifetime_.last_client_message = clock_.now();
  EXPECT_EQ(lifetime_.due(clock_.now()), std::nullopt);
  clock_.advance(Duration{1});
  EXPECT_EQ(lifetime_.due(clock_.now()), EndReason::kSessionTimeout);
}

TEST_F(LifetimeTest, NamesTheHardLimitFirstWhenBothHavePassed) {
  clock_.advance(Duration{60'000});
  EXPECT_EQ(lifetime_.due(clock_.now()), EndReason::kSessionTimeout);
}

TEST_F(LifetimeTest, IsToBeLookedAtWhenTheEarlierLimitPasses) {
  EXPECT_EQ(lifetime_.next_deadline(), clock_.now() + Duration{10'000});
  clock_.advance(Duration{55'000});
  lifetime_.last_client_message = clock_.now();
  EXPECT_EQ(lifetime_.next_deadline(), lifetime_.session_deadline());
}

TEST(ResourceUse, OfAnIdleBrowserIsNotWorthAWrite) {
  const ResourceUse before{1, 2, Duration{500}, 50 << 20};
  EXPECT_FALSE(has_grown(before, before));
  EXPECT_FALSE(has_grown(before, {1, 2, Duration{599}, (50 << 20) + 4096}));
  EXPECT_FALSE(has_grown({}, {}));
}

TEST(ResourceUse, HasGrownByAnyOfItsCounts) {
  const ResourceUse before{1, 2, Duration{500}, 50 << 20};
  EXPECT_TRUE(has_grown(before, {2, 2, Duration{500}, 50 << 20}));
  EXPECT_TRUE(has_grown(before, {1, 3, Duration{500}, 50 << 20}));
  EXPECT_TRUE(has_grown(before, {1, 2, Duration{600}, 50 << 20}));
  EXPECT_TRUE(has_grown(before, {1, 2, Duration{500}, 51 << 20}));
  EXPECT_TRUE(has_grown({}, before));
}

}  // namespace
}  // namespace pbaas::session
