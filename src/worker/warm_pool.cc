#include "worker/warm_pool.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/finish_by.h"

namespace pbaas::worker {
namespace {

// Longer than any launch: the launcher has its own, shorter limit.
constexpr Duration kStartMax{120'000};
constexpr Duration kStopMax{3'600'000};
// A browser answers in less than 1 ms, on a busy machine in some 50. What is silent for so long is
// stopped or hangs, and a cold start is quicker.
constexpr Duration kAnswerMax{500};
// The session that has just begun is about to use its browser: no start is to slow that down.
constexpr Duration kPause{100};
// A spare runs what was installed when it started. After an upgrade of Chromium its files are no
// longer those that its new processes find.
constexpr Duration kAgeMax{3'600'000};
// What does not start, or dies unused, is not started all the time.
constexpr Duration kRetryFirst{1'000};
constexpr Duration kRetryMax{60'000};
constexpr int kDoublingsMax = 6;

// Without what is a session's alone: a spare is nobody's, and keeps nobody's password.
session::SessionOptions options_of_kind(session::SessionOptions options) {
  options.proxy.reset();
  options.metadata.clear();
  return options;
}

WarmKind kind_of(const browser::Launcher& launcher, const session::SessionOptions& options) {
  return {launcher.signature(options), options_of_kind(options)};
}

}  // namespace

WarmPool::WarmPool(net::Loop& loop, const Clock& clock, browser::Launcher& launcher,
                   Metrics& metrics, const WarmConfig& config)
    : clock_(clock),
      launcher_(launcher),
      metrics_(metrics),
      count_(config.count),
      demand_(kind_of(launcher, config.plain), config.count),
      stop_(loop),
      tasks_(loop) {}

net::Task<std::unique_ptr<browser::Browser>> WarmPool::take(browser::LaunchSpec spec) {
  if (count_ == 0) co_return nullptr;
  auto kind = kind_of(launcher_, spec.options);
  const auto signature = kind.signature;
  if (signature.empty()) co_return nullptr;
  demand_.note(std::move(kind));
  not_before_ = std::max(not_before_, clock_.now() + kPause);
  while (auto spare = take_out(signature)) {
    const auto due = Deadline::after(clock_, kAnswerMax);
    const bool answers = co_await spare->answers(due);
    if (!answers) {
      count_ended("silent");
      continue;
    }
    spare->assign(spec);
    failures_ = 0;
    metrics_.count("pbaas_warm_creates_total", {{"result", "hit"}});
    co_return std::move(spare);
  }
  metrics_.count("pbaas_warm_creates_total", {{"result", "miss"}});
  co_return nullptr;
}

std::unique_ptr<browser::Browser> WarmPool::take_out(const std::string& signature) {
  const auto found = std::ranges::find(spares_, signature, &Spare::signature);
  if (found == spares_.end()) return nullptr;
  auto browser = std::move(found->browser);
  spares_.erase(found);
  // From here on an exit is for who asks for it.
  browser->on_exit(nullptr);
  return browser;
}

void WarmPool::refill() {
  const auto now = clock_.now();
  if (count_ == 0 || stopped_ || starting_ || now < not_before_ || !launcher_.alive()) return;
  end_old(now);
  auto missing = demand_.wanted(held());
  end_unwanted(missing);
  if (missing.empty()) return;
  starting_ = missing.front().signature;
  tasks_.spawn("spare", start(std::move(missing.front())));
}

std::vector<std::string> WarmPool::held() const {
  std::vector<std::string> signatures;
  for (const auto& spare : spares_) signatures.push_back(spare.signature);
  return signatures;
}

void WarmPool::end_old(Instant now) {
  const auto ended =
      std::erase_if(spares_, [now](const Spare& spare) { return now - spare.ready_at >= kAgeMax; });
  for (std::size_t n = 0; n < ended; ++n) count_ended("old");
}

void WarmPool::end_unwanted(std::vector<WarmKind>& wanted) {
  const auto is_wanted = [&wanted](const Spare& spare) {
    const auto found = std::ranges::find(wanted, spare.signature, &WarmKind::signature);
    if (found == wanted.end()) return false;
    wanted.erase(found);
    return true;
  };
  const auto ended = std::erase_if(spares_, [&](const Spare& spare) { return !is_wanted(spare); });
  for (std::size_t n = 0; n < ended; ++n) count_ended("unwanted");
}

net::Task<void> WarmPool::start(WarmKind kind) {
  Launched launched;
  try {
    auto work = launch(kind, launched);
    auto race = net::run_unless(std::move(work), until_stopped());
    co_await std::move(race);
  } catch (const std::exception& problem) {
    launched = Error{Fault::kLaunchFailed, problem.what()};
  }
  starting_.reset();
  // What came too late goes with this task.
  if (stopped_ || !launched) co_return;
  if (*launched) co_return keep(std::move(kind.signature), std::move(**launched));
  count_ended("failed");
  log::warn("spare_not_started", {{"why", launched->error().detail}});
  pass_over(kind.signature);
}

// Writes its outcome to `launched`, because what run_unless runs gives nothing.
net::Task<void> WarmPool::launch(const WarmKind& kind, Launched& launched) {
  browser::LaunchSpec spec{std::nullopt, kind.options};
  const auto deadline = Deadline::after(clock_, kStartMax);
  launched = co_await launcher_.launch(std::move(spec), deadline);
}

net::Task<void> WarmPool::until_stopped() {
  const auto deadline = Deadline::after(clock_, kStopMax);
  co_await stop_.wait(deadline);
}

void WarmPool::keep(std::string signature, std::unique_ptr<browser::Browser> browser) {
  auto& kept = *browser;
  spares_.push_back({std::move(signature), std::move(browser), clock_.now()});
  // Last: an exit that has happened is told at once.
  kept.on_exit([this, spare = std::prev(spares_.end())](const browser::BrowserExit& exit) {
    const auto ended = std::move(*spare);  // It lives until all of this is done.
    spares_.erase(spare);
    count_ended("died");
    log::warn("spare_died", {{"why", exit.detail}});
    pass_over(ended.signature);
  });
}

void WarmPool::pass_over(const std::string& signature) {
  demand_.forget(signature);
  const auto pause = kRetryFirst * (1 << std::min(failures_++, kDoublingsMax));
  not_before_ = std::max(not_before_, clock_.now() + std::min<Duration>(pause, kRetryMax));
}

void WarmPool::stop() {
  stopped_ = true;
  stop_.set();
  spares_.clear();
}

void WarmPool::count_ended(const char* why) {
  metrics_.count("pbaas_spares_ended_total", {{"why", why}});
}

}  // namespace pbaas::worker
