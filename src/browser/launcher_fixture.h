// The fixture of tests that launch real browsers. For tests alone.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>
#include <memory>
#include <optional>
#include <string>

#include "browser/running_browser.h"
#include "browser/test_support.h"
#include "egress/cares_resolver.h"
#include "egress/egress_pool.h"

namespace pbaas::browser::testing {

// A test with a launcher whose run directory is its own.
class LauncherFixture : public ::testing::Test {
 protected:
  LauncherConfig config() {
    LauncherConfig config;
    config.headless_shell = kHeadlessShell;
    config.chromium = kChromium;
    config.run_dir = run_dir.path();
    config.open_egress = [this](egress::EgressSpec spec, UniqueFd listener) {
      if (!way_out) way_out = std::make_unique<WayOut>(clock);
      return way_out->pool.serve(std::move(listener), std::move(spec));
    };
    return config;
  }

  // The egress proxy, that lets browsers reach the sites of the test. Its threads come after the
  // launcher's fork.
  struct WayOut {
    explicit WayOut(const Clock& clock)
        : pool(1, clock, resolver, *egress::EgressPolicy::parse({"127.0.0.0/8", "[::1]"})) {}
    egress::CaresResolver resolver;
    egress::EgressPool pool;
  };

  void create(LauncherConfig with) {
    way_out.reset();
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

  // The worker's own CDP connection to a browser.
  boost::json::object call(Browser& browser, std::string method, boost::json::object params = {},
                           std::string session = {}) {
    const auto pipe = dynamic_cast<RunningBrowser&>(browser).pipe();
    const auto due = Deadline::after(clock, Duration(15'000));
    auto answer =
        run_task(loop, pipe->call(std::move(method), std::move(params), due, std::move(session)));
    if (!answer) throw std::runtime_error(answer.error().detail);
    return std::move(*answer);
  }

  // The CDP session of the page that is there at the start.
  std::string first_page(Browser& browser) {
    const auto targets = call(browser, "Target.getTargets");
    for (const auto& each : targets.at("targetInfos").as_array()) {
      const auto& target = each.as_object();
      if (target.at("type").as_string() != "page") continue;
      const auto attached = call(browser, "Target.attachToTarget",
                                 {{"targetId", target.at("targetId")}, {"flatten", true}});
      return std::string(attached.at("sessionId").as_string());
    }
    throw std::runtime_error("there is no page");
  }

  boost::json::value evaluate(Browser& browser, const std::string& page, std::string expression) {
    const auto answer = call(browser, "Runtime.evaluate",
                             {{"expression", std::move(expression)},
                              {"awaitPromise", true},
                              {"userGesture", true},
                              {"returnByValue", true}},
                             page);
    if (const auto* thrown = answer.if_contains("exceptionDetails")) {
      throw std::runtime_error(boost::json::serialize(*thrown));
    }
    const auto* value = answer.at("result").as_object().if_contains("value");
    return value ? *value : boost::json::value();
  }

  // Loads a page in the first tab; gives its CDP session.
  std::string open_page(Browser& browser, const std::string& url) {
    const std::string page = first_page(browser);
    call(browser, "Page.navigate", {{"url", url}}, page);
    const std::string loaded =
        "document.readyState === 'complete' && location.href === '" + url + "'";
    while (!evaluate(browser, page, loaded).as_bool()) {
    }
    return page;
  }

  // What on_exit tells within `limit`.
  std::optional<BrowserExit> exit_of(Browser& browser, milliseconds limit) {
    std::optional<BrowserExit> told;
    browser.on_exit([&told](BrowserExit exit) { told = std::move(exit); });
    run_until(loop, [&] { return told.has_value(); }, limit);
    browser.on_exit(nullptr);
    return told;
  }

  // No browser counted, no process but the launcher's, no folder.
  bool nothing_left() {
    return run_until(
               loop, [this] { return launcher->live() == 0; }, milliseconds(3'000)) &&
           descendants_of(::getpid()).size() == 1 && run_dir.browser_folders() == 0;
  }

  TemporaryFolder run_dir;
  SystemClock clock;
  net::Loop loop;
  std::unique_ptr<WayOut> way_out;
  std::unique_ptr<Launcher> launcher;
};

}  // namespace pbaas::browser::testing
