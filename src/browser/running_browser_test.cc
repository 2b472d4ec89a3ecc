#include "browser/running_browser.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>

#include "browser/launcher_fixture.h"
#include "browser/test_site.h"

namespace pbaas::browser {
namespace {

using namespace testing;

// A browser that was launched for nobody, and what can be asked of it before it is a session's.
class Spare : public LauncherFixture {
 protected:
  std::unique_ptr<Browser> must_launch_spare() {
    LaunchSpec spec{std::nullopt, {}};
    const auto due = Deadline::after(clock, Duration(20'000));
    auto browser = run_task(loop, launcher->launch(std::move(spec), due));
    if (!browser) throw std::runtime_error(browser.error().detail);
    return std::move(*browser);
  }
  bool answers(Browser& browser, Duration within) {
    return run_task(loop, browser.answers(Deadline::after(clock, within)));
  }
};

TEST_F(Spare, SaysThatItAnswers) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto spare = must_launch_spare();
  EXPECT_TRUE(answers(*spare, Duration(10'000)));
}

TEST_F(Spare, SaysThatItDoesNotAnswerWhenItIsStopped) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto spare = must_launch_spare();
  ::kill(spare->pid(), SIGSTOP);
  EXPECT_FALSE(answers(*spare, Duration(300)));
}

TEST_F(Spare, SaysThatItDoesNotAnswerWhenItIsDead) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  const auto spare = must_launch_spare();
  ::kill(spare->pid(), SIGKILL);
  EXPECT_FALSE(answers(*spare, Duration(10'000)));
}

// As many descriptors as there are now, and no more.
class NoMoreDescriptors {
 public:
  NoMoreDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const UniqueFd next(::dup(0));
    const rlimit now{static_cast<rlim_t>(next.get()), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &now);
  }
  ~NoMoreDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoMoreDescriptors(const NoMoreDescriptors&) = delete;
  NoMoreDescriptors& operator=(const NoMoreDescriptors&) = delete;

 private:
  rlimit before_{};
};

TEST_F(Spare, DoesNotStartWithoutItsWayOut) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  std::optional<Result<std::unique_ptr<Browser>>> outcome;
  boost::asio::co_spawn(loop, launching(), [&outcome](const std::exception_ptr&, auto got) {
    outcome = std::move(got);
  });
  ASSERT_TRUE(run_until(loop, [this] { return launcher->live() == 1; }));
  {
    const NoMoreDescriptors here;
    ASSERT_TRUE(run_until(loop, [&outcome] { return outcome.has_value(); }));
  }
  ASSERT_FALSE(*outcome);
  EXPECT_THAT(outcome->error().detail, ::testing::HasSubstr("its way out was lost"));
  EXPECT_TRUE(nothing_left());
}

TEST_F(Spare, IsShownWithWhatItTookSinceItWasGiven) {
  SKIP_WITHOUT(kHeadlessShell);
  auto with = config();
  with.limits.pids = 1'000;
  create(with);
  const auto spare = must_launch_spare();
  const auto before = spare->use();
  if (!before.cpu) GTEST_SKIP() << "no cgroups can be made here";
  LaunchSpec session{SessionId::random(), {}};
  spare->assign(session);
  const auto after = spare->use();
  EXPECT_LT(*after.cpu, *before.cpu);
  EXPECT_GE(*after.peak_memory_bytes, *before.peak_memory_bytes);
}

TEST_F(Spare, GoesOutByTheProxyOfTheSessionThatItIsGivenTo) {
  SKIP_WITHOUT(kHeadlessShell);
  create(config());
  TestSite site(loop);
  TestSite proxy(loop);
  const auto spare = must_launch_spare();
  LaunchSpec session{SessionId::random(), {}};
  session.options.proxy =
      session::read_upstream_proxy({{"server", "http://127.0.0.1:" + std::to_string(proxy.port())}})
          .value();
  spare->assign(session);
  open_page(*spare, site.url("/page"));
  EXPECT_EQ(site.head_of("/page"), "");
  EXPECT_NE(proxy.head_of(site.url("/page")), "");
}

class SignatureTest : public LauncherFixture {
 protected:
  std::string in(const std::string& locale) {
    session::SessionOptions options;
    options.locale = locale;
    return launcher->signature(options);
  }
};

TEST_F(SignatureTest, IsTheSameWhateverIsTheSessionsAlone) {
  create(config());
  session::SessionOptions options;
  options.metadata["customer"] = "ann";
  options.timeout = std::chrono::seconds(7);
  options.proxy = session::read_upstream_proxy({{"server", "http://a:1"}}).value();
  EXPECT_EQ(launcher->signature(options), launcher->signature({}));
}

TEST_F(SignatureTest, IsAnotherForAnotherBrowser) {
  create(config());
  EXPECT_NE(in("fr-FR"), in("en-US"));
  EXPECT_EQ(in("en-US"), launcher->signature({}));
}

TEST_F(SignatureTest, IsNoneForWhatIsNotLaunched) {
  auto with = config();
  with.isolation = Isolation::kNone;
  with.headless_shell.clear();
  create(with);
  EXPECT_EQ(launcher->signature({}), "");
  session::SessionOptions options;
  options.browser = session::BrowserKind::kChromium;
  options.proxy = session::read_upstream_proxy({{"server", "http://a:1"}}).value();
  EXPECT_EQ(launcher->signature(options), "") << "no proxy is chained without a sandbox";
}

}  // namespace
}  // namespace pbaas::browser
