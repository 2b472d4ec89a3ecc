#include "gateway/retention.h"

#include <gtest/gtest.h>

#include "gateway/kept_recordings.h"

namespace pbaas::gateway {
namespace {

using store::RecordingState;

constexpr std::chrono::seconds kLifetime{3600};

struct RetentionTest : KeptRecordings {
  Retention retention{{clock, *log, objects}, kLifetime};
};

TEST_F(RetentionTest, RemovesWhatIsOverAndNothingElse) {
  store("over", RecordingState::kStored, kLifetime + std::chrono::seconds(1));
  store("cut", RecordingState::kTruncated, kLifetime + std::chrono::seconds(1));
  store("young", RecordingState::kStored, kLifetime - std::chrono::seconds(60));
  store("waits", RecordingState::kUploading, kLifetime + std::chrono::seconds(1));
  run(retention.sweep());
  EXPECT_FALSE(is_kept("over"));
  EXPECT_FALSE(is_kept("cut"));
  EXPECT_TRUE(is_kept("young"));
  EXPECT_TRUE(is_kept("waits"));
}

TEST_F(RetentionTest, RemovesMoreThanItAsksForAtOnce) {
  for (int n = 0; n < 250; ++n)
    store("r" + std::to_string(n), RecordingState::kStored, 2 * kLifetime);
  run(retention.sweep());
  EXPECT_FALSE(is_kept("r0"));
  EXPECT_FALSE(is_kept("r249"));
}

TEST_F(RetentionTest, LeavesWhatTheStoreDoesNotRemoveForTheNextTime) {
  store("over", RecordingState::kStored, 2 * kLifetime);
  objects.is_away = true;
  run(retention.sweep());
  EXPECT_TRUE(is_kept("over"));
  objects.is_away = false;
  run(retention.sweep());
  EXPECT_FALSE(is_kept("over"));
}

TEST_F(RetentionTest, TwoOfThemAreNotInEachOthersWay) {
  store("over", RecordingState::kStored, 2 * kLifetime);
  objects.meanwhile = [this] { return retention.sweep(); };
  Retention other{{clock, *log, objects}, kLifetime};
  run(other.sweep());
  EXPECT_FALSE(is_kept("over"));
}

}  // namespace
}  // namespace pbaas::gateway
