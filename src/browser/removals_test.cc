#include "browser/removals.h"

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;

std::chrono::steady_clock::time_point now() {
  return std::chrono::steady_clock::now();
}

std::string make_folder(const std::string& path, int files) {
  std::filesystem::create_directories(path);
  for (int i = 0; i < files; ++i) std::ofstream(path + "/" + std::to_string(i)) << "";
  return path;
}

TEST(Removals, RemoveASmallFolderAtOnceWhileALargeOneTakesItsTime) {
  const TemporaryFolder folder;
  const std::string large = make_folder(folder.path() + "/large", 40'000);
  const std::string small = make_folder(folder.path() + "/small", 10);
  Removals removals;
  removals.add(1, large);
  removals.work(now());
  ASSERT_TRUE(removals.contains(1)) << "too small for this host";
  removals.add(2, small);
  removals.work(now());
  EXPECT_FALSE(removals.contains(2));
  EXPECT_FALSE(std::filesystem::exists(small));
  EXPECT_TRUE(removals.contains(1));
  while (!removals.empty()) removals.work(now());
  EXPECT_FALSE(std::filesystem::exists(large));
}

TEST(Removals, WaitLongerAfterEachFailure) {
  Removals removals;
  const auto start = now();
  removals.add(1, "/proc/self/task");
  removals.work(start);
  ASSERT_TRUE(removals.due());
  const auto pause = *removals.due() - start;
  EXPECT_GT(pause, milliseconds(0));
  removals.work(start);  // It is not due.
  EXPECT_EQ(*removals.due() - start, pause);
  const auto later = *removals.due();
  removals.work(later);
  EXPECT_EQ(*removals.due() - later, 2 * pause);
}

TEST(Removals, AreDoneWhereThereIsNothing) {
  const TemporaryFolder folder;
  Removals removals;
  EXPECT_FALSE(removals.due());
  removals.add(1, folder.path() + "/nothing");
  EXPECT_TRUE(removals.due());
  removals.work(now());
  EXPECT_TRUE(removals.empty());
}

}  // namespace
}  // namespace pbaas::browser
