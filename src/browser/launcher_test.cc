#include "browser/launcher.h"

#include <gmock/gmock.h>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class LauncherTest : public ::testing::Test {
 protected:
  LauncherConfig config() const {
    LauncherConfig config;
    config.headless_shell = kHeadlessShell;
    config.chromium = kChromium;
    config.run_dir = run_dir.path();
    return config;
  }

  void create(LauncherConfig with) {
    auto made = Launcher::create(loop, clock, std::move(with));
    if (!made) throw std::runtime_error(made.error().detail);
    launcher = std::move(*made);
  }

  net::Task<Result<std::unique_ptr<Browser>>> launching(session::SessionOptions options = {}) {
    LaunchSpec spec{SessionId::random(), std::move(options)};
    return launcher->launch(std::move(spec), Deadline::after(clock, Duration(20'000)));
  }

  Result<std::unique_ptr<Browser>> launch(session::SessionOptions options = {}) {
    return run_task(loop, launching(std::move(options)));
  }

  std::unique_ptr<Browser> must_launch(session::SessionOptions options = {}) {
    auto browser = launch(std::move(options));
    if (!browser) throw std::runtime_error(browser.error().detail);
    return std::move(*browser);
  }

  // What on_exit tells within `limit`.
  std::optional<BrowserExit> exit_of(Browser& browser, milliseconds limit) {
    std::optional<BrowserExit> told;
    browser.on_exit([&told](BrowserExit exit) { told = std::move(exit); });
    run_until(loop, [&] { return told.has_value(); }, limit);
    browser.on_exit(nullptr);
    return told;
  }

  bool nothing_left() {
    return run_until(
               loop, [this] { return launcher->live() == 0; }, milliseconds(3'000)) &&
           processes_of(run_dir.path()).empty() && run_dir.browser_folders() == 0;
  }

  TemporaryFolder run_dir;
  SystemClock clock;
  net::Loop loop;
  std::unique_ptr<Launcher> launcher;
};

TEST_F(LauncherTest, StartsABrowserThatSaysWhereItListens) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  EXPECT_GT(browser->address().debug_port, 0);
  EXPECT_EQ(browser->address().guid.size(), 36u);
  EXPECT_FALSE(is_gone(browser->pid()));
  EXPECT_EQ(launcher->live(), 1u);
}

TEST_F(LauncherTest, LeavesNothingOfABrowserThatIsDestroyed) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  auto browser = must_launch();
  EXPECT_FALSE(processes_of(run_dir.path()).empty());
  browser.reset();
  EXPECT_TRUE(nothing_left());
}

}  // namespace
}  // namespace pbaas::browser
