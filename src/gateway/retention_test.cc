#include "gateway/retention.h"

#include <gtest/gtest.h>

#include <thread>

#include "gateway/kept_recordings.h"

namespace pbaas::gateway {
namespace {

using store::RecordingState;

struct RetentionTest : KeptRecordings {
  void sweep(std::chrono::seconds lifetime = std::chrono::seconds(0)) {
    Retention retention({clock, *log, objects}, lifetime);
    run(retention.sweep());
  }
  void store_many(int count, const std::string& prefix) {
    for (int n = 0; n < count; ++n)
      store(prefix + std::to_string(100 + n), RecordingState::kStored);
  }
};

TEST_F(RetentionTest, RemovesWhatIsOverAndNothingElse) {
  store("over", RecordingState::kStored);
  store("cut", RecordingState::kTruncated);
  store("waits", RecordingState::kUploading);
  std::this_thread::sleep_for(std::chrono::milliseconds(1'100));
  store("young", RecordingState::kStored);
  sweep(std::chrono::seconds(1));
  EXPECT_FALSE(is_kept("over"));
  EXPECT_FALSE(is_kept("cut"));
  EXPECT_TRUE(is_kept("young"));
  EXPECT_TRUE(is_kept("waits"));
}

TEST_F(RetentionTest, RemovesMoreThanItAsksForAtOnce) {
  store_many(250, "r");
  sweep();
  EXPECT_FALSE(is_kept("r100"));
  EXPECT_FALSE(is_kept("r349"));
}

TEST_F(RetentionTest, LeavesWhatTheStoreDoesNotRemoveForTheNextTime) {
  store("over", RecordingState::kStored);
  objects.is_away = true;
  sweep();
  EXPECT_TRUE(is_kept("over"));
  objects.is_away = false;
  sweep();
  EXPECT_FALSE(is_kept("over"));
}

// Whether three or one: the others' time is over all the same.
TEST_F(RetentionTest, GoesOnBehindThoseThatTheStoreKeeps) {
  for (const std::string name : {"a-kept", "b-kept", "c-kept", "d", "e-kept", "f"})
    store(name, RecordingState::kStored);
  objects.keeps = "kept";
  Retention retention({clock, *log, objects}, std::chrono::seconds(0));
  run(retention.sweep());
  EXPECT_TRUE(is_kept("d"));
  run(retention.sweep());
  EXPECT_FALSE(is_kept("d"));
  EXPECT_FALSE(is_kept("f"));
  EXPECT_TRUE(is_kept("a-kept"));
  objects.keeps.clear();
  run(retention.sweep());
  EXPECT_FALSE(is_kept("a-kept"));
  EXPECT_FALSE(is_kept("e-kept"));
}

TEST_F(RetentionTest, TwoOfThemAreNotInEachOthersWay) {
  store("over", RecordingState::kStored);
  Retention other({clock, *log, objects}, std::chrono::seconds(0));
  objects.meanwhile = [&other] { return other.sweep(); };
  sweep();
  EXPECT_FALSE(is_kept("over"));
}

}  // namespace
}  // namespace pbaas::gateway
