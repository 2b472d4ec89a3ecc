#include "browser/profile.h"

#include <sys/file.h>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;

TEST(RemoveTree, NeverFollowsALinkOutOfTheFolder) {
  const TemporaryFolder folder;
  const std::string outside = folder.path() + "/outside";
  const std::string inside = folder.path() + "/inside";
  std::filesystem::create_directories(outside);
  std::filesystem::create_directories(inside + "/deep/deeper");
  std::ofstream(outside + "/kept") << "kept";
  std::ofstream(inside + "/deep/gone") << "gone";
  std::filesystem::create_symlink(outside, inside + "/deep/link");
  EXPECT_TRUE(remove_tree(inside));
  EXPECT_FALSE(std::filesystem::exists(inside));
  EXPECT_EQ(read_file(outside + "/kept"), "kept");
}

TEST(RemoveTree, IsContentWithAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_TRUE(remove_tree(folder.path() + "/nothing"));
}

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

TEST(Instances, SayWhatToDoWhereTheRunDirectoryIsNotWritable) {
  const auto made = make_instance_folder("/proc/nowhere");
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().fault, Fault::kLaunchFailed);
  EXPECT_NE(made.error().detail.find("set RUN_DIR"), std::string::npos);
}

}  // namespace
}  // namespace pbaas::browser
