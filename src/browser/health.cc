#include "browser/health.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::browser {

namespace asio = boost::asio;

namespace {

// A question waits no longer, so that the last miss is known soon after it was asked.
constexpr Duration kAnswerTime{3'000};

}  // namespace

struct HealthWatch::Watch {
  Watch(net::Loop& loop, const Clock& its_clock, std::shared_ptr<CdpPipe> its_pipe,
        HealthSpec its_spec, std::function<void()> its_on_hung)
      : clock(its_clock),
        pipe(std::move(its_pipe)),
        spec(its_spec),
        on_hung(std::move(its_on_hung)),
        stop(loop) {}
  const Clock& clock;
  std::shared_ptr<CdpPipe> pipe;
  HealthSpec spec;
  std::function<void()> on_hung;
  // Not a cancellation: Asio 1.81 runs one that comes from outside the loop a turn later, when the
  // task may be gone.
  net::Event stop;
};

HealthWatch::HealthWatch(net::Loop& loop, const Clock& clock, std::shared_ptr<CdpPipe> pipe,
                         HealthSpec spec, std::function<void()> on_hung)
    : watch_(std::make_shared<Watch>(loop, clock, std::move(pipe), spec, std::move(on_hung))) {
  asio::co_spawn(loop, run(watch_), [](const std::exception_ptr& escaped) {
    if (escaped) log::error("health_watch_failed");
  });
}

HealthWatch::~HealthWatch() {
  watch_->on_hung = nullptr;
  watch_->stop.set();
}

net::Task<void> HealthWatch::run(std::shared_ptr<Watch> watch) {
  int misses = 0;
  const auto wait = std::min(kAnswerTime, watch->spec.interval);
  auto pause = watch->spec.interval;
  for (;;) {
    const auto next = Deadline::after(watch->clock, pause);
    const bool stopped = co_await watch->stop.wait(next);
    if (stopped) co_return;
    const auto due = Deadline::after(watch->clock, wait);
    const boost::json::object nothing;
    const auto answer = co_await watch->pipe->call("Browser.getVersion", nothing, due);
    if (watch->stop.is_set() || !watch->pipe->is_open()) co_return;
    const bool missed = !answer && answer.error().fault == Fault::kBrowserUnreachable;
    misses = missed ? misses + 1 : 0;
    // A miss took its time already: questions are asked at even intervals.
    pause = missed ? watch->spec.interval - wait : watch->spec.interval;
    if (misses < watch->spec.misses_max) continue;
    const auto tell = std::exchange(watch->on_hung, nullptr);
    if (tell) tell();
    co_return;
  }
}

}  // namespace pbaas::browser
