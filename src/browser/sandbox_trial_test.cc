#include "browser/sandbox_trial.h"

#include <gmock/gmock.h>

#include <fstream>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

std::optional<Account> somebody() {
  if (::geteuid() != 0) return {};
  return Account{65534, 65534, "nobody"};
}

class SandboxTrial : public ::testing::Test {
 protected:
  SandboxTrial() { EXPECT_TRUE(write_stand_ins(folder.path())); }
  // In place of bwrap a script, as a kernel that refuses cannot be had for a test.
  Status try_with(const std::string& script) {
    const std::string path = folder.path() + "/bwrap";
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    ::chmod(path.c_str(), 0755);
    return try_sandbox({path, folder.path() + "/trial", folder.path()}, somebody());
  }
  TemporaryFolder folder;
};

TEST_F(SandboxTrial, PassesWhereNamespacesAreAllowed) {
  SKIP_WITHOUT(find_bwrap());
  const auto outcome =
      try_sandbox({find_bwrap(), folder.path() + "/trial", folder.path()}, somebody());
  EXPECT_TRUE(outcome) << outcome.error().detail;
  EXPECT_NE(::access((folder.path() + "/trial").c_str(), F_OK), 0);
}

TEST_F(SandboxTrial, TellsWhatBwrapSaidAndTheWayOut) {
  const auto outcome = try_with("echo 'bwrap: No permissions to create new namespace' >&2; exit 1");
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().detail, HasSubstr("No permissions to create new namespace"));
  EXPECT_THAT(outcome.error().detail, HasSubstr("ISOLATION=none"));
}

TEST_F(SandboxTrial, SaysThatBwrapIsNotInstalled) {
  const auto outcome = try_sandbox({"", folder.path() + "/trial", folder.path()}, somebody());
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().detail, HasSubstr("apt-get install bubblewrap"));
}

TEST(SandboxCure, NamesTheSettingThatForbidsIt) {
  const std::string words = "bwrap: setting up uid map: Permission denied";
  EXPECT_THAT(cure_for(words, {.userns_clone_off = true}),
              HasSubstr("kernel.unprivileged_userns_clone=1"));
  EXPECT_THAT(cure_for(words, {.user_namespaces_off = true}),
              HasSubstr("user.max_user_namespaces"));
  EXPECT_THAT(cure_for(words, {.apparmor_restricts = true}),
              HasSubstr("kernel.apparmor_restrict_unprivileged_userns=0"));
  EXPECT_THAT(cure_for(words, {.has_seccomp = true}), HasSubstr("deploy/seccomp.json"));
  EXPECT_THAT(cure_for("bwrap: Can't mount proc on /newroot/proc", {.has_seccomp = true}),
              HasSubstr("systempaths=unconfined"));
}

}  // namespace
}  // namespace pbaas::browser
