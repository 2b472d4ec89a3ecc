#include "gateway/worker_directory.h"

#include <gtest/gtest.h>

namespace pbaas::gateway {
namespace {

const store::WorkerRef kFirst{"w", "one", "10.0.0.1:9100"};
const store::WorkerRef kSecond{"w", "two", "10.0.0.2:9100"};

TEST(WorkerDirectory, KnowsEachRunThatItHeardOf) {
  WorkerDirectory directory;
  directory.note(kFirst);
  directory.note(kSecond);
  EXPECT_EQ(directory.find({"w", "one"}), kFirst);
  EXPECT_EQ(directory.find({"w", "two"}), kSecond);
  EXPECT_EQ(directory.find({"w", "three"}), std::nullopt);
}

TEST(WorkerDirectory, StartsAnewRatherThanGrowWithoutBound) {
  WorkerDirectory directory;
  for (std::size_t n = 0; n < WorkerDirectory::kRunsMax; ++n)
    directory.note({"w", std::to_string(n), ""});
  directory.note(kFirst);
  EXPECT_EQ(directory.find({"w", "0"}), std::nullopt);
  EXPECT_EQ(directory.find({"w", "one"}), kFirst);
}

}  // namespace
}  // namespace pbaas::gateway
