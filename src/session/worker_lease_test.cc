#include "session/worker_lease.h"

#include <gtest/gtest.h>

namespace pbaas::session {
namespace {

constexpr Duration kLength{90'000};
constexpr Instant kStart{Duration{5'000}};

TEST(WorkerLease, HoldsForItsLengthFromTheStart) {
  const WorkerLease lease(kLength, kStart);
  EXPECT_TRUE(lease.holds(kStart + kLength - Duration{1}));
  EXPECT_FALSE(lease.holds(kStart + kLength));
}

TEST(WorkerLease, CountsFromWhenTheHeartbeatWasSent) {
  WorkerLease lease(kLength, kStart);
  lease.renew(kStart + Duration{7});
  EXPECT_EQ(lease.renewed_at(), kStart + Duration{7});
  EXPECT_EQ(lease.ends_at(), kStart + Duration{7} + kLength);
}

TEST(WorkerLease, IsNotShortenedByAnAnswerThatComesLate) {
  WorkerLease lease(kLength, kStart);
  lease.renew(kStart + Duration{20});
  lease.renew(kStart + Duration{10});
  EXPECT_EQ(lease.renewed_at(), kStart + Duration{20});
}

TEST(WorkerLease, HoldsAgainOnceItIsRenewed) {
  WorkerLease lease(kLength, kStart);
  const auto later = kStart + 2 * kLength;
  ASSERT_FALSE(lease.holds(later));
  lease.renew(later);
  EXPECT_TRUE(lease.holds(later));
}

TEST(WorkerLease, IsNotBroughtBackByAHeartbeatSentBeforeTheSilence) {
  WorkerLease lease(kLength, kStart);
  lease.renew(kStart + Duration{1});
  EXPECT_FALSE(lease.holds(kStart + 2 * kLength));
}

}  // namespace
}  // namespace pbaas::session
