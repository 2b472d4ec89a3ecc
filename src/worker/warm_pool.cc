#include "worker/warm_pool.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "net/finish_by.h"

namespace pbaas::worker {
namespace {

// Longer than any launch: the launcher has its own, shorter limit.
constexpr Duration kStartMax{120'000};
// A browser answers in less than 1 ms, on a busy machine in some 50. A create asks one spare after
// another for so long: what is silent is stopped or hangs, and a cold start is quicker.
constexpr Duration kAnswerMax{500};
// How long a create waits for a start that is under way, before it has one of its own.
constexpr Duration kAwaitMax{1'000};
// The session that has just begun is about to use its browser: no start is to slow that down.
constexpr Duration kPause{100};
// A spare runs what was installed when it started. After an upgrade of Chromium its files are no
// longer those that its new processes find.
constexpr Duration kAgeMax{3'600'000};
// A kind that does not start, or dies unused, is not started all the time. It is forgiven once it
// has not failed for as long again as it may have to wait.
constexpr Duration kRetryFirst{1'000};
constexpr Duration kRetryMax{60'000};
constexpr int kDoublingsMax = 6;

// True as long as this lives.
class Holds {
 public:
  explicit Holds(bool& what) : what_(what) { what_ = true; }
  ~Holds() { what_ = false; }
  Holds(const Holds&) = delete;
  Holds& operator=(const Holds&) = delete;

 private:
  bool& what_;
};

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
      loop_(loop),
      tasks_(loop) {}

net::Task<std::unique_ptr<browser::Browser>> WarmPool::take(browser::LaunchSpec spec) {
  if (count_ == 0) co_return nullptr;
  auto kind = kind_of(launcher_, spec.options);
  const auto signature = kind.signature;
  if (signature.empty()) co_return nullptr;
  if (!is_benched(signature)) demand_.note(std::move(kind));
  not_before_ = clock_.now() + kPause;
  auto spare = co_await take_well(signature);
  if (!spare && co_await wait_for_start(signature)) spare = co_await take_well(signature);
  metrics_.count("pbaas_warm_creates_total", {{"result", spare ? "hit" : "miss"}});
  if (!spare) co_return give_way(), nullptr;
  benched_.erase(signature);
  spare->assign(spec);
  co_return std::move(spare);
}

// Null where none of this kind answers in time.
net::Task<std::unique_ptr<browser::Browser>> WarmPool::take_well(std::string signature) {
  const auto due = Deadline::after(clock_, kAnswerMax);
  while (!due.passed(clock_)) {
    auto spare = take_out(signature);
    if (!spare) break;
    bool answers = false;
    try {
      answers = co_await spare->answers(due);
    } catch (...) {
      count_ended("cancelled");
      throw;
    }
    if (answers) co_return std::move(spare);
    count_ended("silent");
  }
  co_return nullptr;
}

// One that is being started is there sooner than a second would be; it is the first's who asks.
net::Task<bool> WarmPool::wait_for_start(std::string signature) {
  const auto starting = starting_;
  if (!starting || starting->signature != signature || starting->is_awaited) co_return false;
  const Holds awaited(starting->is_awaited);
  const auto due = Deadline::after(clock_, kAwaitMax);
  co_await starting->ended.wait(due);
  co_return true;
}

// A create starts a browser now: a spare that nobody waits for is not to slow that down.
void WarmPool::give_way() {
  if (!starting_ || starting_->is_awaited || starting_->over.is_set()) return;
  starting_->over.set();
  count_ended("gave_way");
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
  std::erase_if(benched_, [now](const auto& each) { return now >= each.second.until + kRetryMax; });
  auto missing = demand_.wanted(held());
  end_unwanted(missing);
  const auto next = std::ranges::find_if(
      missing, [this](const WarmKind& kind) { return !is_benched(kind.signature); });
  if (next == missing.end()) return;
  starting_ = std::make_shared<Starting>(loop_, next->signature);
  tasks_.spawn("spare", start(std::move(*next), starting_));
}

bool WarmPool::is_benched(const std::string& signature) const {
  const auto found = benched_.find(signature);
  return found != benched_.end() && clock_.now() < found->second.until;
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

net::Task<void> WarmPool::start(WarmKind kind, std::shared_ptr<Starting> starting) {
  Launched launched;
  try {
    auto work = launch(kind, launched);
    auto race = net::run_unless(std::move(work), until_over(starting));
    co_await std::move(race);
  } catch (const std::exception& problem) {
    launched = Error{Fault::kLaunchFailed, problem.what()};
  }
  starting_.reset();
  starting->ended.set();
  // What came too late goes with this task.
  if (starting->over.is_set() || !launched) co_return;
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

net::Task<void> WarmPool::until_over(std::shared_ptr<Starting> starting) {
  const auto longer_than_any = Deadline::after(clock_, 2 * kStartMax);
  co_await starting->over.wait(longer_than_any);
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
  auto& bench = benched_[signature];
  const auto pause = kRetryFirst * (1 << std::min(bench.failures++, kDoublingsMax));
  bench.until = clock_.now() + std::min<Duration>(pause, kRetryMax);
}

void WarmPool::stop() {
  stopped_ = true;
  if (starting_) starting_->over.set();
  spares_.clear();
}

void WarmPool::count_ended(const char* why) {
  metrics_.count("pbaas_spares_ended_total", {{"why", why}});
}

}  // namespace pbaas::worker
