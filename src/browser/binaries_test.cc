#include "browser/binaries.h"

#include <gmock/gmock.h>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using session::BrowserKind;
using ::testing::HasSubstr;

TEST(Programs, AreNotShellScripts) {
  const TemporaryFolder folder;
  const std::string script = folder.path() + "/chromium";
  std::ofstream(script) << "#!/bin/sh\nchromium-real \"$@\"\n";
  ::chmod(script.c_str(), 0755);
  const auto status = check_program(script);
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().detail, HasSubstr("is a script around Chromium"));
}

TEST(Programs, AreExecutableFiles) {
  EXPECT_TRUE(check_program("/proc/self/exe"));
  EXPECT_FALSE(check_program("/etc/passwd"));
  EXPECT_FALSE(check_program("/usr"));
  EXPECT_FALSE(check_program("/nowhere"));
}

TEST(Programs, AreFoundOnTheSearchPathToo) {
  const TemporaryFolder folder;
  const std::string program = folder.path() + "/headless_shell";
  std::filesystem::copy_file("/bin/true", program);
  const auto places = usual_places(BrowserKind::kHeadlessShell, "relative:" + folder.path());
  EXPECT_THAT(places, ::testing::Contains(program));
  EXPECT_THAT(places, ::testing::Not(::testing::Contains("relative/headless_shell")));
  EXPECT_FALSE(find_program(BrowserKind::kHeadlessShell, folder.path()).empty());
}

TEST(Versions, AreWhatTheProgramSays) {
  SKIP_WITHOUT(kHeadlessShell);
  const auto version = version_of(kHeadlessShell);
  ASSERT_TRUE(version) << version.error().detail;
  EXPECT_THAT(*version, HasSubstr("Chrom"));
}

TEST(Versions, OfAProgramThatFailsAreItsError) {
  EXPECT_FALSE(version_of("/bin/false"));
}

}  // namespace
}  // namespace pbaas::browser
