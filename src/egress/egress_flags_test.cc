#include "egress/egress_flags.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdio>
#include <future>

#include "egress/chromium_rig.h"
#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

std::string response(const std::string& type, const std::string& body) {
  return "HTTP/1.1 200 OK\r\nCache-Control: no-store\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

// A site whose page has a picture from each of many hosts. No picture is answered before all are
// asked for, unless that takes too long, and then a moment later; the page says how long it took.
class WideSite {
 public:
  explicit WideSite(int hosts) : hosts_(hosts) {}

  std::string url() const { return "http://" + server_.at("h0.test") + "/page"; }
  std::future<double> load_ms() { return load_ms_.get_future(); }
  int asked_at_once() const { return peak_; }

 private:
  void serve(Wire& wire) {
    for (;;) {
      const auto head = wire.read_head();
      if (head.starts_with("GET /page")) wire.send(response("text/html", page()));
      if (head.starts_with("GET /favicon")) wire.send(response("text/plain", ""));
      if (head.starts_with("GET /picture")) {
        wait_for_all();
        wire.send(response("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'/>"));
      }
      if (!head.starts_with("GET /done?")) continue;
      if (!done_.exchange(true)) load_ms_.set_value(std::atof(head.c_str() + 10));
      wire.send(response("text/plain", ""));
    }
  }

  std::string page() const {
    std::string text = "<!doctype html><body onload='fetch(`/done?${performance.now()}`)'>";
    for (int i = 0; i < hosts_; ++i)
      text += "<img src='http://" + server_.at("h" + std::to_string(i) + ".test") + "/picture'>";
    return text;
  }

  void wait_for_all() {
    std::unique_lock lock(mutex_);
    peak_ = std::max(peak_.load(), ++asked_);
    if (asked_ == hosts_) all_asked_.notify_all();
    all_asked_.wait_for(lock, std::chrono::seconds(8), [&] { return peak_ == hosts_; });
    --asked_;
  }

  const int hosts_;
  std::promise<double> load_ms_;
  std::atomic<bool> done_{false};
  std::mutex mutex_;
  std::condition_variable all_asked_;
  int asked_ = 0;
  std::atomic<int> peak_{0};
  Server server_{[this](Wire& wire) { serve(wire); }};
};

class EveryNameIsLoopback final : public Resolver {
 public:
  void resolve(const std::string&, Answer answer) override {
    answer({ResolveStatus::kFound, {address("127.0.0.1")}});
  }
};

// A session's proxy on the host's loopback, and the flags that lead to it.
struct Proxied {
  explicit Proxied(EgressPolicy policy = allow_loopback())
      : pool(1, clock, resolver, std::move(policy)) {
    UniqueFd listener = listen_on_loopback();
    flags = egress_flags(port_of(listener));
    session = pool.serve(std::move(listener), {.session = "real"});
  }

  SystemClock clock;
  EveryNameIsLoopback resolver;
  EgressPool pool;
  std::vector<std::string> flags;
  std::unique_ptr<SessionEgress> session;
};

double load(WideSite& site, const std::string& binary, const std::vector<std::string>& flags) {
  auto told = site.load_ms();
  const Chromium chromium(binary, flags, site.url());
  const bool came = told.wait_for(std::chrono::seconds(30)) == std::future_status::ready;
  return came ? told.get() : -1;
}

TEST(EgressFlags, LeadEverythingToTheProxyLoopbackToo) {
  EXPECT_EQ(egress_flags(4242), (std::vector<std::string>{"--proxy-server=http://127.0.0.1:4242",
                                                          "--proxy-bypass-list=<-loopback>"}));
}

class RealBrowser : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (::access(GetParam().c_str(), X_OK) != 0) GTEST_SKIP() << GetParam() << " is not installed";
  }
};

TEST_P(RealBrowser, AsksAHundredHostsAtOnce) {
  Proxied proxied;
  WideSite site(100);
  EXPECT_GT(load(site, GetParam(), proxied.flags), 0);
  EXPECT_EQ(site.asked_at_once(), 100);
  EXPECT_GE(proxied.session->counts().connections, 100u);
  EXPECT_EQ(proxied.session->counts().refusals, 0u);
}

// 127.0.0.1 is the site's; 127.0.0.2 and whatever else is loopback is forbidden.
TEST_P(RealBrowser, ReachesNothingThatIsRefused) {
  Proxied proxied(EgressPolicy::parse({"127.0.0.1"}).value());
  Server canary(serve_ok, "127.0.0.2");
  std::promise<void> tried;
  Server site([&](Wire& wire) {
    for (;;) {
      const auto head = wire.read_head();
      if (head.starts_with("GET /tried")) tried.set_value();
      const auto target = canary.at("127.0.0.2");
      wire.send(
          response("text/html",
                   "<img src='http://" + target + "/i'><iframe src='http://" + target +
                       "/f'></iframe><script>const go = async () => {"
                       "await fetch('http://" +
                       target +
                       "/x', {mode: 'no-cors'}).catch(() => 0);"
                       "await fetch('https://" +
                       target +
                       "/x', {mode: 'no-cors'}).catch(() => 0);"
                       "await new Promise(r => { const w = new WebSocket('ws://" +
                       target +
                       "/w');"
                       "w.onerror = w.onopen = r; }); fetch('/tried'); }; onload = go;</script>"));
    }
  });
  const Chromium chromium(GetParam(), proxied.flags, "http://" + site.at("site.test") + "/");
  ASSERT_EQ(tried.get_future().wait_for(std::chrono::seconds(30)), std::future_status::ready);
  EXPECT_EQ(canary.accepted(), 0);
  EXPECT_GE(proxied.session->counts().refusals, 5u);
}

// `--gtest_also_run_disabled_tests --gtest_filter=*LoadTime*` prints what docs/egress.md has.
TEST_P(RealBrowser, DISABLED_LoadTime) {
  for (int i = 0; i < 7; ++i) {
    WideSite direct(100);
    WideSite through(100);
    Proxied proxied;
    const auto direct_ms =
        load(direct, GetParam(), {"--host-resolver-rules=MAP * 127.0.0.1", "--no-proxy-server"});
    const auto through_ms = load(through, GetParam(), proxied.flags);
    std::printf("direct %.0f ms, through the proxy %.0f ms\n", direct_ms, through_ms);
  }
}

INSTANTIATE_TEST_SUITE_P(Debian, RealBrowser, ::testing::Values(kHeadlessShell, kFullChromium));

}  // namespace
}  // namespace pbaas::egress
