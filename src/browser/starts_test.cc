#include "browser/starts.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "browser/launcher_fixture.h"
#include "browser/process_tree.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

// Scripts stand in for bwrap.
class StartsTest : public ::testing::Test {
 protected:
  ~StartsTest() override {
    starts.drop_all();
    for (const auto each : begun) kill_group(each);
    for (int status = 0; ::waitpid(-1, &status, 0) > 0;) {
    }
  }

  static std::vector<std::string> script(const std::string& text) {
    return {"/bin/sh", "-c", text};
  }

  // With all that goes with it.
  Result<Begun> start(const std::vector<std::string>& sandbox, std::string argument = {}) {
    fds.clear();
    for (int i = 0; i < 4; ++i) fds.emplace_back(::memfd_create("test", MFD_CLOEXEC));
    auto started = starts.start({1, "b1", sandbox, {"browser", std::move(argument)}, {}}, fds);
    if (started) begun.push_back(started->pid);
    return started;
  }

  // The wait status of one that ends by itself.
  int end_of(pid_t pid) {
    int status = 0;
    EXPECT_EQ(::waitpid(pid, &status, 0), pid);
    std::erase(begun, pid);
    return status;
  }

  std::string browser_stderr() { return words_in(fds[2]); }

  TemporaryFolder folder;
  Cgroups no_cgroups{{}, "test", {}};
  Starts starts{{folder.path(), std::nullopt, UniqueFd(::open("/dev/null", O_RDONLY | O_CLOEXEC))},
                no_cgroups};
  std::vector<UniqueFd> fds;
  std::vector<pid_t> begun;
};

const std::string kWaits = "exec sleep 100";

TEST_F(StartsTest, TakesTheSandboxThatWaits) {
  starts.prepare({"b1", script(kWaits)});
  const auto children = children_of(::getpid());
  ASSERT_EQ(children.size(), 1U);
  EXPECT_TRUE(starts.is_ahead(children[0]));
  EXPECT_EQ(start(script(kWaits))->pid, children[0]);
  EXPECT_FALSE(starts.is_ahead(children[0]));
}

TEST_F(StartsTest, TakesNoneThatIsOfAnotherKind) {
  starts.prepare({"b1", script("sleep 99")});
  const auto other = children_of(::getpid()).at(0);
  EXPECT_NE(start(script(kWaits))->pid, other);
  EXPECT_EQ(WTERMSIG(end_of(other)), SIGKILL);
}

TEST_F(StartsTest, MakesOneAnewInPlaceOfAnOlder) {
  starts.prepare({"b1", script(kWaits)});
  const auto old = children_of(::getpid()).at(0);
  starts.prepare({"b1", script(kWaits)});
  EXPECT_EQ(WTERMSIG(end_of(old)), SIGKILL);
  EXPECT_FALSE(starts.is_ahead(old));
  EXPECT_EQ(children_of(::getpid()), std::vector{start(script(kWaits))->pid});
}

TEST_F(StartsTest, TellsWhatASandboxWroteThatDiedAfterItsOrder) {
  const auto fails = script("cat <&7 >&2; echo no room >&2; exit 3");
  starts.prepare({"b1", fails});
  const auto started = start(fails);
  ASSERT_TRUE(started);
  EXPECT_EQ(WEXITSTATUS(end_of(started->pid)), 3);
  EXPECT_THAT(words_in(started->early_stderr), ::testing::EndsWith("no room"));
}

TEST_F(StartsTest, TakesNoneThatCannotBeTold) {
  const auto deaf = script("exec 7>&-; exec sleep 100");
  starts.prepare({"b1", deaf});
  const auto first = children_of(::getpid()).at(0);
  const std::string end = "/proc/" + std::to_string(first) + "/fd/7";
  const auto due = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (std::filesystem::exists(std::filesystem::symlink_status(end))) {
    ASSERT_LT(std::chrono::steady_clock::now(), due);
  }
  ::testing::internal::CaptureStderr();
  const auto started = start(deaf);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("sandbox_ahead_lost"));
  ASSERT_TRUE(started);
  EXPECT_NE(started->pid, first);
  EXPECT_EQ(WTERMSIG(end_of(first)), SIGKILL);
}

TEST_F(StartsTest, EndsASandboxThatCannotBeToldAndSaysWhy) {
  for (const bool is_ahead : {true, false}) {
    if (is_ahead) starts.prepare({"b1", script(kWaits)});
    const auto started = start(script(kWaits), std::string(1 << 20, 'x'));
    ASSERT_TRUE(started) << "its end is told of as any other's";
    EXPECT_EQ(WTERMSIG(end_of(started->pid)), SIGKILL);
    EXPECT_EQ(browser_stderr(), "its init cannot be told: Message too long");
    EXPECT_TRUE(children_of(::getpid()).empty());
  }
}

TEST_F(StartsTest, SaysWhyNothingWasStarted) {
  const auto started = start({"/nowhere/bwrap"});
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().detail, HasSubstr("/nowhere/bwrap did not start: exec: No such"));
  EXPECT_TRUE(children_of(::getpid()).empty());
}

TEST_F(StartsTest, SaysThatThereAreNoDescriptorsLeft) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit few{16, before.rlim_max};  // All that it places are moved above this first.
  ::setrlimit(RLIMIT_NOFILE, &few);
  const auto started = start(script(kWaits));
  ::setrlimit(RLIMIT_NOFILE, &before);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().detail, HasSubstr("fcntl: "));
}

TEST_F(StartsTest, RefusesAnOrderThatLostADescriptor) {
  fds.clear();
  const auto started = starts.start({1, "b1", script(kWaits), {"browser"}, {}}, fds);
  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().detail, HasSubstr("out of file descriptors"));
}

TEST_F(StartsTest, EndsWhatNoOrderComesFor) {
  starts.prepare({"b1", script(kWaits)});
  const auto pid = children_of(::getpid()).at(0);
  starts.drop("b2");
  EXPECT_TRUE(starts.is_ahead(pid));
  starts.drop("b1");
  EXPECT_FALSE(starts.is_ahead(pid));
  EXPECT_EQ(WTERMSIG(end_of(pid)), SIGKILL);
}

TEST_F(StartsTest, ForgetsOneThatDiedWhileItWaited) {
  starts.prepare({"b1", script("echo no room >&2; exit 3")});
  const auto pid = children_of(::getpid()).at(0);
  const int status = end_of(pid);
  ::testing::internal::CaptureStderr();
  starts.on_dead(pid, status);
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("exit status 3: no room"));
  EXPECT_FALSE(starts.is_ahead(pid));
}

TEST_F(StartsTest, SaysThatNoneCanBeMadeAhead) {
  ::testing::internal::CaptureStderr();
  starts.prepare({"b1", {"/nowhere/bwrap"}});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(), HasSubstr("/nowhere/bwrap did not start"));
}

TEST(WordsIn, AreTheLastLinesAndPrintable) {
  EXPECT_EQ(words_in(UniqueFd()), "");
  const UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(words_in(file), "");
  const std::string text = std::string(10'000, 'x') +
                           "\nfirst\nl\xfc"
                           "st\x01\n";
  ASSERT_EQ(::write(file.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(words_in(file), "first\nl?st?");
}

// Of launchers with real sandboxes that are made before anybody asks for a browser.
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

TEST_F(AheadTest, MakesThemAnewAfterAWhile) {
  SKIP_WITHOUT(kHeadlessShell);
  auto with = config_ahead();
  with.limits = {.memory_mb = 256};
  with.sandboxes_age_max = Duration(500);
  create(with);
  ASSERT_TRUE(are_ready(2));
  const auto old = descendants_of(*children_of(::getpid()).begin());
  EXPECT_TRUE(
      run_until(loop, [&] { return std::ranges::all_of(old, is_gone); }, milliseconds(5'000)));
  EXPECT_TRUE(are_ready(2));
  EXPECT_FALSE(first_page(*must_launch()).empty());
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
