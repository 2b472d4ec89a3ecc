// Of launchers with sandboxes that are made before anybody asks for a browser.
#include <gmock/gmock.h>

#include <boost/asio/post.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "browser/launcher_fixture.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class AheadTest : public LauncherFixture {
 protected:
  LauncherConfig config_ahead() {
    auto with = config();
    with.sandboxes_ahead = 2;
    return with;
  }
  // Also those that have a browser.
  bool are_ready(std::size_t sandboxes) {
    return run_until(loop, [&] { return inits() == sandboxes; }, milliseconds(5'000));
  }
  static std::size_t inits() {
    std::size_t count = 0;
    for (const int pid : descendants_of(::getpid())) {
      const auto command = read_file("/proc/" + std::to_string(pid) + "/cmdline");
      // In bwrap's own command line it comes later.
      if (command.starts_with("/proc/self/fd/")) ++count;
    }
    return count;
  }
};

TEST_F(AheadTest, StartsBrowsersInSandboxesThatAreThere) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config_ahead());
  ASSERT_TRUE(are_ready(2));
  EXPECT_EQ(launcher->live(), 0u) << "a sandbox without a browser is nobody's";
  const auto before = descendants_of(::getpid());
  const auto browser = must_launch();
  EXPECT_TRUE(before.contains(parent_of(browser->pid())));
  EXPECT_FALSE(first_page(*browser).empty());
  EXPECT_TRUE(are_ready(3)) << "two more are made";
}

TEST_F(AheadTest, LeavesNothing) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config_ahead());
  ASSERT_TRUE(are_ready(2));
  launcher.reset();
  EXPECT_TRUE(descendants_of(::getpid()).empty());
  EXPECT_TRUE(run_dir.is_empty());
}

// At a random moment: some of them are being made.
TEST_F(AheadTest, LeavesNothingWhenTheLauncherProcessIsKilled) {
  SKIP_WITHOUT(kHeadlessShell);
  std::mt19937 random(11);
  std::uniform_int_distribution<int> moment_us(0, 20'000);
  for (int round = 0; round < 20; ++round) {
    auto with = config_ahead();
    with.sandboxes_ahead = 4;
    create(with);
    ::usleep(static_cast<useconds_t>(moment_us(random)));
    ::kill(children_of(::getpid()).at(0), SIGKILL);
    launcher.reset();
    ASSERT_TRUE(descendants_of(::getpid()).empty()) << "in round " << round;
  }
}

TEST_F(AheadTest, MakesOneAnewWhereItHasDied) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config_ahead());
  ASSERT_TRUE(are_ready(2));
  for (const int pid : descendants_of(*children_of(::getpid()).begin())) ::kill(pid, SIGKILL);
  ASSERT_TRUE(are_ready(0));
  const auto browser = must_launch();
  EXPECT_FALSE(first_page(*browser).empty());
}

// The launcher process is held, so that the order is there before the sandbox can have failed.
TEST_F(AheadTest, SaysWhyOneFailedAfterItsOrder) {
  SKIP_WITHOUT(kHeadlessShell);
  auto with = config_ahead();
  with.sandboxes_ahead = 1;
  create(with);
  ASSERT_TRUE(are_ready(1));
  // Of what bwrap shows inside, for the sandboxes to come.
  for (const auto& instance : std::filesystem::directory_iterator(run_dir.path())) {
    if (instance.is_directory()) std::filesystem::remove(instance.path() / "passwd");
  }
  const int process = *children_of(::getpid()).begin();
  ::kill(process, SIGSTOP);
  std::vector<Result<std::unique_ptr<Browser>>> got;
  const auto keep = [&](const std::exception_ptr&, Result<std::unique_ptr<Browser>> browser) {
    got.push_back(std::move(browser));
  };
  boost::asio::co_spawn(loop, launching(), keep);
  const auto next_is_ordered = std::chrono::steady_clock::now() + milliseconds(600);
  run_until(loop, [&] { return std::chrono::steady_clock::now() > next_is_ordered; });
  boost::asio::co_spawn(loop, launching(), keep);
  boost::asio::post(loop, [&] { ::kill(process, SIGCONT); });
  ASSERT_TRUE(run_until(loop, [&] { return got.size() == 2; }));
  if (got[0]) std::swap(got[0], got[1]);  // Whichever came first.
  ASSERT_FALSE(got[0]);
  EXPECT_THAT(got[0].error().detail, HasSubstr("bwrap: "));
  EXPECT_THAT(got[0].error().detail, HasSubstr("passwd"));
  EXPECT_TRUE(got[1]) << "its sandbox was there";
}

TEST_F(AheadTest, TakesNoneForABrowserThatNeedsAnother) {
  SKIP_WITHOUT(kHeadlessShell);
  const std::string script = run_dir.path() + "/elsewhere";
  std::ofstream(script) << "#!/bin/sh\necho of another folder >&2\nexit 3\n";
  ::chmod(script.c_str(), 0755);
  auto with = config_ahead();
  with.chromium = script;
  create(with);
  ASSERT_TRUE(are_ready(2));
  session::SessionOptions options;
  options.browser = session::BrowserKind::kChromium;
  const auto browser = launch(options);
  ASSERT_FALSE(browser);
  EXPECT_THAT(browser.error().detail, HasSubstr("exit status 3: of another folder"));
}

}  // namespace
}  // namespace pbaas::browser
