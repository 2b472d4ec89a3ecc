#include "browser/profile.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;

TEST(Instances, AreRemovedOnceNobodyHoldsTheirLock) {
  const TemporaryFolder run_dir;
  auto living = make_instance_folder(run_dir.path());
  auto dead = make_instance_folder(run_dir.path());
  ASSERT_TRUE(living);
  ASSERT_TRUE(dead);
  std::filesystem::create_directories(dead->path + "/b1/profile");
  dead->lock.reset();
  EXPECT_EQ(remove_stale_instances(run_dir.path()), 1);
  EXPECT_FALSE(std::filesystem::exists(dead->path));
  EXPECT_TRUE(std::filesystem::exists(living->path));
}

TEST(Instances, OfOthersAreLeftAlone) {
  const TemporaryFolder run_dir;
  const std::vector<std::string> others{"somebody-else", "pbaas-test-x2k9", "pbaas-0123456789",
                                        "pbaas-0123456g"};
  for (const auto& name : others) std::filesystem::create_directories(run_dir.path() + "/" + name);
  EXPECT_EQ(remove_stale_instances(run_dir.path()), 0);
  for (const auto& name : others) EXPECT_TRUE(std::filesystem::exists(run_dir.path() + "/" + name));
}

TEST(Instances, ThatWereNeverFinishedAreRemovedAfterAWhile) {
  const TemporaryFolder run_dir;
  const std::string fresh = run_dir.path() + "/.new-pbaas-01234567";
  const std::string old = run_dir.path() + "/.new-pbaas-89abcdef";
  for (const auto& each : {fresh, old}) std::filesystem::create_directories(each);
  const timespec long_ago[2] = {{1'000'000, 0}, {1'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, old.c_str(), long_ago, 0), 0);
  EXPECT_EQ(remove_stale_instances(run_dir.path()), 1);
  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(fresh));
}

TEST(Instances, SayWhatToDoWhereTheRunDirectoryIsNotWritable) {
  const auto made = make_instance_folder("/proc/nowhere");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault, Fault::kLaunchFailed);
  EXPECT_NE(made.error().detail.find("set RUN_DIR"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::browser
