// For the worker's tests: browsers that start and end when the test says.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "browser/launcher.h"
#include "net/event.h"
#include "session/session.h"

namespace pbaas::worker {

// A browser that starts and ends when the test says.
class StagedBrowser final : public browser::Browser {
 public:
  explicit StagedBrowser(int& kills) : kills_(kills) {}
  const session::BrowserAddress& address() const override { return address_; }
  int pid() const override { return 1; }
  void on_exit(std::function<void(browser::BrowserExit)> callback) override {
    on_exit_ = std::move(callback);
  }
  net::Dialer dialer() const override {
    return []() -> net::Task<Result<net::ByteStream>> {
      co_return Error{Fault::kBrowserUnreachable, "nobody is there"};
    };
  }
  session::ResourceUse use() override { return taken; }
  void kill() override {
    ++kills_;
    exit({});
  }
  net::Task<bool> answers(Deadline) override { co_return is_well; }
  void assign(const browser::LaunchSpec& spec) override { assigned = spec.session; }
  void exit(browser::BrowserExit how) {
    if (on_exit_) std::exchange(on_exit_, nullptr)(how);
  }

  session::ResourceUse taken{};
  bool is_well = true;
  std::optional<SessionId> assigned;  // to whom it was given as a spare

 private:
  int& kills_;
  session::BrowserAddress address_{9222, "guid"};
  std::function<void(browser::BrowserExit)> on_exit_;
};

class StagedLauncher final : public browser::Launcher {
 public:
  explicit StagedLauncher(net::Loop& loop) : go(loop) {}
  net::Task<Result<std::unique_ptr<browser::Browser>>> launch(browser::LaunchSpec spec,
                                                              Deadline deadline) override {
    launches.push_back(spec);
    co_await go.wait(deadline);
    if (throws) throw std::runtime_error("no descriptors");
    if (fails || (broken && spec.options.locale == broken))
      co_return Error{Fault::kLaunchFailed, "no such binary"};
    auto browser = std::make_unique<StagedBrowser>(kills);
    last = browser.get();
    co_return std::unique_ptr<browser::Browser>(std::move(browser));
  }
  std::string signature(const session::SessionOptions& options) const override {
    return options.locale.value_or("en-US");
  }
  std::size_t live() const override { return 0; }
  bool alive() const override { return is_alive; }

  net::Event go;
  bool fails = false;
  std::optional<std::string> broken;  // the locale that none starts with
  bool throws = false;
  bool is_alive = true;
  std::vector<browser::LaunchSpec> launches;
  int kills = 0;
  StagedBrowser* last = nullptr;
};

inline session::Session new_session() {
  session::Session session{SessionId::random()};
  session.options.timeout = std::chrono::seconds(60);
  session.options.idle_timeout = std::chrono::seconds(10);
  return session;
}

}  // namespace pbaas::worker
