#include "browser/remove_tree.h"

#include <fcntl.h>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;

// Step by step: the whole path is longer than the kernel takes at once.
void make_chain(const std::string& top, int levels) {
  UniqueFd folder(::open(top.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::string name(200, 'x');
  for (int i = 0; i < levels; ++i) {
    ASSERT_EQ(::mkdirat(folder.get(), name.c_str(), 0700), 0);
    const UniqueFd file(::openat(folder.get(), "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    folder.reset(::openat(folder.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(folder.valid());
  }
}

TEST(RemoveTree, NeverFollowsALinkOutOfTheFolder) {
  const TemporaryFolder folder;
  const std::string outside = folder.path() + "/outside";
  const std::string inside = folder.path() + "/inside";
  std::filesystem::create_directories(outside);
  std::filesystem::create_directories(inside + "/deep/deeper");
  std::ofstream(outside + "/kept") << "kept";
  std::ofstream(inside + "/deep/gone") << "gone";
  std::filesystem::create_symlink(outside, inside + "/deep/link");
  std::filesystem::create_symlink(outside, inside + "/link");
  EXPECT_TRUE(remove_tree(inside));
  EXPECT_FALSE(std::filesystem::exists(inside));
  EXPECT_EQ(read_file(outside + "/kept"), "kept");
}

TEST(RemoveTree, IsContentWithAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_TRUE(remove_tree(folder.path() + "/nothing"));
}

TEST(RemoveTree, RemovesAFolderOfAnyDepth) {
  const TemporaryFolder folder;
  const std::string deep = folder.path() + "/deep";
  std::filesystem::create_directories(deep);
  make_chain(deep, 500);
  EXPECT_TRUE(remove_tree(deep));
  EXPECT_FALSE(std::filesystem::exists(deep));
}

TEST(RemoveTree, RemovesFoldersWithoutPermissionBits) {
  const TemporaryFolder folder;
  const std::string top = folder.path() + "/top";
  std::filesystem::create_directories(top + "/closed/below/deepest");
  std::ofstream(top + "/closed/below/deepest/file") << "x";
  for (const char* each : {"/closed/below/deepest", "/closed/below", "/closed", ""}) {
    ASSERT_EQ(::chmod((top + each).c_str(), 0), 0);
  }
  EXPECT_TRUE(remove_tree(top));
  EXPECT_FALSE(std::filesystem::exists(top));
}

TEST(RemoveTree, StopsWhenItsTimeIsOverAndGoesOnLater) {
  const TemporaryFolder folder;
  const std::string top = folder.path() + "/top";
  std::filesystem::create_directories(top + "/below");
  std::ofstream(top + "/below/file") << "x";
  EXPECT_EQ(remove_some(top, milliseconds(0)), Removal::kUnfinished);
  EXPECT_TRUE(std::filesystem::exists(top + "/below/file"));
  EXPECT_EQ(remove_some(top, milliseconds(10'000)), Removal::kGone);
}

TEST(RemoveTree, SaysWhatCannotBeRemoved) {
  EXPECT_EQ(remove_some("/proc/self/task", milliseconds(1'000)), Removal::kStuck);
}

}  // namespace
}  // namespace pbaas::browser
