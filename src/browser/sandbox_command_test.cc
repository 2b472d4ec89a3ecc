#include "browser/sandbox_command.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using ::testing::Contains;
using testing::TemporaryFolder;
using Words = std::vector<std::string>;

const SandboxSpec kSpec{"/usr/bin/bwrap", "/run/pbaas/b1", "/run/pbaas", 300, 1024};

// Whether `part` is there, word after word.
bool has(const Words& words, const Words& part) {
  return std::ranges::search(words, part).begin() != words.end();
}

TEST(SandboxCommand, UnsharesEveryNamespaceAndDiesWithItsParent) {
  const auto words = sandbox_command(kSpec, "/usr/bin/x");
  for (const char* each : {"--unshare-user", "--unshare-pid", "--unshare-net", "--unshare-ipc",
                           "--unshare-uts", "--die-with-parent", "--as-pid-1"}) {
    EXPECT_THAT(words, Contains(each));
  }
}

TEST(SandboxCommand, StartsTheBrowserByTheInitFromMemory) {
  const auto words = sandbox_command(kSpec, "/usr/bin/x");
  EXPECT_TRUE(has(words, {"--", "/proc/self/fd/6", "/run/pbaas/b1"}));
}

TEST(SandboxCommand, GivesHomeAFileSystemOfItsOwnWithALimit) {
  const auto words = sandbox_command(kSpec, "/usr/bin/x");
  EXPECT_TRUE(has(words, {"--size", std::to_string(300 << 20), "--tmpfs", "/run/pbaas/b1"}));
}

TEST(SandboxCommand, ShowsTheFolderOfABrowserThatIsOutsideOfTheSystem) {
  EXPECT_TRUE(has(sandbox_command(kSpec, "/opt/chrome/chrome"),
                  {"--ro-bind-try", "/opt/chrome", "/opt/chrome"}));
  EXPECT_FALSE(has(sandbox_command(kSpec, "/usr/lib/chromium/chromium"),
                   {"--ro-bind-try", "/usr/lib/chromium"}));
}

TEST(SandboxCommand, BindsNothingOfTheMachineForWriting) {
  const auto words = sandbox_command(kSpec, "/usr/bin/x");
  EXPECT_EQ(std::ranges::count(words, "--bind"), 0);
  EXPECT_TRUE(has(words, {"--remount-ro", "/"}));
}

TEST(SandboxCommand, KeepsTheLinkThatNamesTheTimeZone) {
  std::error_code none;
  const auto zone = std::filesystem::canonical("/etc/localtime", none);
  if (!zone.string().starts_with("/usr/")) GTEST_SKIP() << "/etc/localtime is no link here";
  EXPECT_TRUE(
      has(sandbox_command(kSpec, "/usr/bin/x"), {"--symlink", zone.string(), "/etc/localtime"}));
}

TEST(SandboxCommand, WritesStandInsThatNameNobodyOfThisMachine) {
  const TemporaryFolder folder;
  ASSERT_TRUE(write_stand_ins(folder.path()));
  EXPECT_EQ(testing::read_file(folder.path() + "/passwd"),
            "browser:x:1000:1000::/tmp:/usr/sbin/nologin\n");
  EXPECT_FALSE(write_stand_ins("/nowhere"));
}

}  // namespace
}  // namespace pbaas::browser
