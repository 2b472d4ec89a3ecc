#include "browser/checks.h"

#include <gmock/gmock.h>

#include "browser/sandbox_command.h"
#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

const Check* named(const std::vector<Check>& checks, const std::string& name) {
  for (const auto& each : checks) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

TEST(Checks, StartTheBrowserThatIsThereAndNameTheOneThatIsNot) {
  SKIP_WITHOUT(kHeadlessShell);
  const TemporaryFolder run_dir;
  LauncherConfig config;
  config.headless_shell = kHeadlessShell;
  config.run_dir = run_dir.path();
  const auto checks = run_checks(config, SystemClock());
  const Check* shell = named(checks, "headless-shell");
  const Check* chromium = named(checks, "chromium");
  ASSERT_TRUE(shell && chromium);
  EXPECT_TRUE(shell->ok) << shell->text;
  EXPECT_FALSE(chromium->ok);
  EXPECT_FALSE(chromium->required);
  EXPECT_THAT(chromium->text, HasSubstr("install chromium"));
  EXPECT_TRUE(run_dir.is_empty());
}

TEST(Checks, TryTheSandboxAndItsPieces) {
  SKIP_WITHOUT(find_bwrap());
  const TemporaryFolder run_dir;
  LauncherConfig config;
  config.run_dir = run_dir.path();
  const auto sandbox = check_sandbox(config);
  EXPECT_TRUE(sandbox.ok) << sandbox.text;
  EXPECT_TRUE(check_bwrap().ok);
  EXPECT_FALSE(check_cgroups().text.empty());
  EXPECT_TRUE(run_dir.is_empty());
}

TEST(Checks, SayThatAnUnknownUserIsReplaced) {
  const auto check = check_user("no-such-user");
  if (::geteuid() == 0) {
    EXPECT_THAT(check.text, HasSubstr("there is no user no-such-user"));
  }
  EXPECT_TRUE(check.ok);
}

TEST(Checks, RefuseARunDirectoryThatCannotBeWritten) {
  const auto check = check_run_dir("/nowhere", 0);
  EXPECT_FALSE(check.ok);
  EXPECT_THAT(check.text, HasSubstr("/nowhere is not writable"));
}

TEST(Checks, RefuseARunDirectoryThatIsTooSmall) {
  const TemporaryFolder run_dir;
  EXPECT_TRUE(check_run_dir(run_dir.path(), 1).ok);
  const auto check = check_run_dir(run_dir.path(), 1ull << 60);
  EXPECT_FALSE(check.ok);
  EXPECT_THAT(check.text, HasSubstr(": give it 1099511627776 or more"));
}

}  // namespace
}  // namespace pbaas::browser
