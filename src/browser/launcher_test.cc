#include "browser/launcher.h"

#include <gmock/gmock.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/post.hpp>
#include <map>
#include <random>
#include <sstream>
#include <string>

#include "browser/launcher_fixture.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

class LauncherTest : public LauncherFixture {};

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
  EXPECT_GT(descendants_of(browser->pid()).size(), 2u);
  browser.reset();
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherTest, ShowsAPageAtTheStart) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  EXPECT_FALSE(first_page(*browser).empty());
}

TEST_F(LauncherTest, ReportsAKilledBrowserAsCrashedAndLeavesNothing) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  ::kill(browser->pid(), SIGKILL);
  const auto exit = exit_of(*browser, milliseconds(1'000));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kCrashed);
  EXPECT_THAT(exit->detail, HasSubstr("signal 9"));
  EXPECT_GT(exit->peak_rss_kb, 10'000);
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherTest, ReportsABrowserThatWasAskedToCloseAsClosed) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  call(*browser, "Browser.close");
  const auto exit = exit_of(*browser, milliseconds(5'000));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kClosed);
  EXPECT_EQ(exit->detail, "exit status 0");
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherTest, ReportsABrowserThatStoppedAnsweringAsHung) {
  SKIP_WITHOUT(kHeadlessShell);
  auto with = config();
  with.health_interval = Duration(150);
  create(with);
  const auto browser = must_launch();
  ::kill(browser->pid(), SIGSTOP);
  const auto exit = exit_of(*browser, milliseconds(3'000));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kHung);
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherTest, KeepsABrowserThatAnswers) {
  SKIP_WITHOUT(kHeadlessShell);
  auto with = config();
  with.health_interval = Duration(100);
  create(with);
  const auto browser = must_launch();
  EXPECT_FALSE(exit_of(*browser, milliseconds(1'500)));
}

TEST_F(LauncherTest, TellsOfAnExitThatCameBeforeAnybodyAsked) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  browser->kill();
  ASSERT_TRUE(run_until(loop, [this] { return launcher->live() == 0; }));
  const auto exit = exit_of(*browser, milliseconds(0));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kClosed);
}

TEST_F(LauncherTest, SaysWhatABrowserThatDidNotStartWrote) {
  const std::string script = run_dir.path() + "/broken";
  std::ofstream(script) << "#!/bin/sh\necho no such library >&2\nexit 3\n";
  ::chmod(script.c_str(), 0755);
  auto with = config();
  with.headless_shell = script;
  create(with);
  const auto browser = launch();
  ASSERT_FALSE(browser);
  EXPECT_EQ(browser.error().fault, Fault::kLaunchFailed);
  EXPECT_THAT(browser.error().detail, HasSubstr("exit status 3: no such library"));
  EXPECT_TRUE(run_until(loop, [this] { return launcher->live() == 0; }));
}

TEST_F(LauncherTest, SaysThatTheProgramIsMissing) {
  auto with = config();
  with.headless_shell = "/nowhere/shell";
  create(with);
  const auto browser = launch();
  ASSERT_FALSE(browser);
  EXPECT_THAT(browser.error().detail,
              HasSubstr("/nowhere/shell did not start: exec: No such file"));
}

TEST_F(LauncherTest, GivesUpOnABrowserThatSaysNothing) {
  const std::string script = run_dir.path() + "/silent";
  std::ofstream(script) << "#!/bin/sh\necho thinking >&2\nexec sleep 1000\n";
  ::chmod(script.c_str(), 0755);
  auto with = config();
  with.headless_shell = script;
  with.launch_timeout = Duration(300);
  create(with);
  const auto browser = launch();
  ASSERT_FALSE(browser);
  EXPECT_THAT(browser.error().detail, HasSubstr("in time where it listens: thinking"));
  EXPECT_TRUE(run_until(loop, [this] { return launcher->live() == 0; }));
}

TEST_F(LauncherTest, KillsAProcessThatLeftItsBrowsersGroup) {
  const std::string script = run_dir.path() + "/forking";
  std::ofstream(script) << "#!/bin/sh\nsetsid sh -c 'sleep 1000; true' &\n"
                           "echo 'DevTools listening on ws://127.0.0.1:9/devtools/browser/x' >&2\n"
                           "exec sleep 1000\n";
  ::chmod(script.c_str(), 0755);
  auto with = config();
  with.headless_shell = script;
  create(with);
  auto browser = must_launch();
  ASSERT_TRUE(run_until(loop, [&] { return !descendants_of(browser->pid()).empty(); }));
  browser.reset();
  EXPECT_TRUE(run_until(loop, [this] { return nothing_left(); }));
}

TEST_F(LauncherTest, RemovesAProfileThatWasMadeToResist) {
  const std::string script = run_dir.path() + "/resisting";
  std::ofstream(script) << "#!/bin/sh\n(i=0\n"
                           "while [ $i -lt 300 ]; do mkdir d && cd d; i=$((i+1)); done)\n"
                           "chmod 0 d\n"
                           "echo 'DevTools listening on ws://127.0.0.1:9/devtools/browser/x' >&2\n"
                           "exec sleep 1000\n";
  ::chmod(script.c_str(), 0755);
  auto with = config();
  with.headless_shell = script;
  create(with);
  auto browser = must_launch();
  EXPECT_EQ(run_dir.browser_folders(), 1);
  browser.reset();
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherTest, MakesBrowsersTheFirstToGoWhenMemoryIsShort) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  const auto score = read_file("/proc/" + std::to_string(browser->pid()) + "/oom_score_adj");
  EXPECT_GE(std::stoi(score), 300);
}

TEST_F(LauncherTest, GivesBrowsersFewFilesAndNoDumps) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  std::istringstream limits(read_file("/proc/" + std::to_string(browser->pid()) + "/limits"));
  std::map<std::string, std::string> hard;
  for (std::string line; std::getline(limits, line);)
    hard[line.substr(0, line.find("  "))] = line.substr(47, line.find(' ', 47) - 47);
  EXPECT_EQ(hard["Max core file size"], "1");
  EXPECT_LE(std::stoi(hard["Max open files"]), 8192);
}

TEST_F(LauncherTest, LeavesNothingOfLaunchesThatAreCancelledAtAnyMoment) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  std::mt19937 random(7);
  std::uniform_int_distribution<int> moment_ms(0, 120);
  int cut_short = 0;
  for (int i = 0; i < 30; ++i) {
    boost::asio::cancellation_signal cancel;
    bool done = false;
    // The launch before may have come to a browser, which goes by itself.
    ASSERT_TRUE(run_until(loop, [this] { return launcher->live() == 0; }));
    boost::asio::co_spawn(loop, launching(),
                          boost::asio::bind_cancellation_slot(
                              cancel.slot(), [&](const std::exception_ptr& cancelled,
                                                 const Result<std::unique_ptr<Browser>>&) {
                                done = true;
                                if (!cancelled) return;
                                ++cut_short;
                                EXPECT_EQ(launcher->live(), 0u)
                                    << "something is left when the launch has returned";
                              }));
    const auto due = std::chrono::steady_clock::now() + milliseconds(moment_ms(random));
    run_until(loop, [&] { return done || std::chrono::steady_clock::now() >= due; });
    // From inside the loop, as everything of the program: Asio 1.81 defers what comes from outside
    // until the task may be gone.
    boost::asio::post(loop, [&] { cancel.emit(boost::asio::cancellation_type::terminal); });
    bool emitted = false;
    boost::asio::post(loop, [&] { emitted = true; });
    ASSERT_TRUE(run_until(loop, [&] { return done && emitted; }));
  }
  EXPECT_GT(cut_short, 0);
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherTest, StartsNoMoreAtOnceThanItMay) {
  SKIP_WITHOUT(kHeadlessShell);
  auto with = config();
  with.launches_at_once = 1;
  create(with);
  std::vector<std::unique_ptr<Browser>> browsers;
  std::size_t live_max_over_done = 0;
  for (int i = 0; i < 4; ++i) {
    boost::asio::co_spawn(loop, launching(),
                          [&](std::exception_ptr, Result<std::unique_ptr<Browser>> got) {
                            ASSERT_TRUE(got) << got.error().detail;
                            browsers.push_back(std::move(*got));
                          });
  }
  ASSERT_TRUE(run_until(loop, [&] {
    live_max_over_done = std::max(live_max_over_done, launcher->live() - browsers.size());
    return browsers.size() == 4;
  }));
  EXPECT_EQ(live_max_over_done, 1u);
}

TEST_F(LauncherTest, GivesTwoBrowsersProfilesOfTheirOwn) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto one = must_launch();
  const auto other = must_launch();
  EXPECT_NE(one->address().debug_port, other->address().debug_port);
  EXPECT_EQ(run_dir.browser_folders(), 2);
  ::kill(one->pid(), SIGKILL);
  EXPECT_TRUE(exit_of(*one, milliseconds(1'000)));
  EXPECT_FALSE(call(*other, "Browser.getVersion").empty());
  EXPECT_EQ(run_dir.browser_folders(), 1);
}

TEST_F(LauncherTest, EndsEveryBrowserWhenTheLauncherGoes) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  launcher.reset();
  EXPECT_TRUE(is_gone(browser->pid()));
  EXPECT_TRUE(run_dir.is_empty());
}

TEST_F(LauncherTest, LeavesNothingWhenTheProgramIsKilled) {
  SKIP_WITHOUT(kHeadlessShell);
  adopt_orphans();
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t program = ::fork();
  if (program == 0) {
    create(config());
    const auto one = must_launch();
    const auto other = must_launch();
    [[maybe_unused]] const auto told = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char told = 0;
  ASSERT_EQ(::read(ready[0], &told, 1), 1);
  EXPECT_EQ(run_dir.browser_folders(), 2);
  const auto processes = descendants_of(program);
  EXPECT_GT(processes.size(), 8u);
  ::kill(program, SIGKILL);
  ::waitpid(program, nullptr, 0);
  const auto gone = [&] { return run_dir.is_empty() && all_gone(processes); };
  EXPECT_TRUE(run_until(loop, gone, milliseconds(2'000)));
}

TEST_F(LauncherTest, ReportsItsBrowsersAsCrashedWhenTheLauncherProcessIsKilled) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  adopt_orphans();
  const auto browser = must_launch();
  const int launcher_process = children_of(::getpid()).at(0);
  const auto processes = descendants_of(launcher_process);
  ::kill(launcher_process, SIGKILL);
  const auto exit = exit_of(*browser, milliseconds(1'000));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kCrashed);
  EXPECT_EQ(launcher->live(), 0u);
  EXPECT_FALSE(launch());
  EXPECT_TRUE(run_until(loop, [&] { return all_gone(processes); }));
}

TEST_F(LauncherTest, ShowsPagesANetwork) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto browser = must_launch();
  EXPECT_TRUE(evaluate(*browser, first_page(*browser), "navigator.onLine").as_bool());
}

TEST_F(LauncherTest, EndsABrowserWhoseFirstProcessIsKilled) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  adopt_orphans();
  const auto browser = must_launch();
  const auto processes = descendants_of(children_of(::getpid()).at(0));
  const auto status = read_file("/proc/" + std::to_string(browser->pid()) + "/status");
  ::kill(std::stoi(status.substr(status.find("PPid:") + 5)), SIGKILL);
  const auto exit = exit_of(*browser, milliseconds(2'000));
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kCrashed);
  EXPECT_TRUE(run_until(loop, [&] { return all_gone(processes); }));
}

TEST_F(LauncherTest, EndsABrowserWhoseProfileIsFull) {
  SKIP_WITHOUT(kHeadlessShell);
  auto with = config();
  with.limits.disk_mb = 1;  // Less than a profile takes from the start.
  create(with);
  const auto browser = launch();
  std::string detail =
      browser ? exit_of(**browser, milliseconds(5'000))->detail : browser.error().detail;
  EXPECT_THAT(detail, HasSubstr("1 MiB of SESSION_DISK_MAX"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(LauncherTest, StartsNothingWithAProxyWhereNoneIsChained) {
  auto with = config();
  with.isolation = Isolation::kNone;
  create(with);
  session::SessionOptions options;
  options.proxy = session::read_upstream_proxy({{"server", "http://a:1"}}).value();
  const auto browser = launch(options);
  ASSERT_FALSE(browser);
  EXPECT_THAT(browser.error().detail, HasSubstr("ISOLATION"));
  EXPECT_TRUE(nothing_left());
}

class Sandbox : public LauncherFixture,
                public ::testing::WithParamInterface<session::BrowserKind> {};

TEST_P(Sandbox, IsOnInEveryRenderer) {
  SKIP_WITHOUT(GetParam() == session::BrowserKind::kChromium ? kChromium : kHeadlessShell);
  create(config());
  session::SessionOptions options;
  options.browser = GetParam();
  const auto browser = must_launch(options);
  // A renderer that has run a page's code is in its sandbox; one kept spare may still be on its
  // way.
  evaluate(*browser, first_page(*browser), "1");
  const auto renderers_outside = [&] {
    int renderers = 0;
    int outside = 0;
    for (const int pid : descendants_of(browser->pid())) {
      const std::string path = "/proc/" + std::to_string(pid);
      if (read_file(path + "/cmdline").find("--type=renderer") == std::string::npos) continue;
      const auto status = read_file(path + "/status");
      ++renderers;
      if (status.find("Seccomp:\t2") == std::string::npos) ++outside;
      if (status.find("NoNewPrivs:\t1") == std::string::npos) ++outside;
    }
    return renderers == 0 ? -1 : outside;
  };
  EXPECT_TRUE(run_until(
      loop, [&] { return renderers_outside() == 0; }, milliseconds(5'000)))
      << renderers_outside();
  if (::geteuid() == 0) {
    const auto status = read_file("/proc/" + std::to_string(browser->pid()) + "/status");
    EXPECT_THAT(status, ::testing::Not(HasSubstr("Uid:\t0")));
  }
}

INSTANTIATE_TEST_SUITE_P(Both, Sandbox,
                         ::testing::Values(session::BrowserKind::kHeadlessShell,
                                           session::BrowserKind::kChromium),
                         [](const auto& each) {
                           return each.param == session::BrowserKind::kChromium ? "chromium"
                                                                                : "shell";
                         });

}  // namespace
}  // namespace pbaas::browser
