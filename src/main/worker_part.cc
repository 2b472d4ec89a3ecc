#include "main/worker_part.h"

#include <map>

#include "base/log.h"
#include "main/measure.h"
#include "net/event.h"

namespace pbaas {
namespace {

constexpr Duration kTick{250};

worker::MembershipTimes membership_times(const Config& config) {
  return {config.heartbeat, config.worker_lease};
}

}  // namespace

WorkerPart::WorkerPart(const Config& config, net::Loop& loop, const Clock& clock,
                       worker::WorkerConfig worker, Browsers& browsers, store::Fleet& fleet,
                       store::SessionLog& log, Metrics& metrics, RecordingParts* recordings)
    : config_(config),
      clock_(clock),
      launcher_(*browsers.launcher),
      way_out_(*browsers.way_out),
      metrics_(metrics),
      recordings_(recordings),
      tasks_(loop),
      worker_(loop, clock, std::move(worker), launcher_, log, metrics),
      member_(loop, clock, worker_, fleet, log, metrics, membership_times(config)) {
  if (recordings_) worker_.record_with(recordings_->recordings());
  worker_.on_gone([this](const session::Session& gone) { member_.session_gone(gone); });
  metrics_.before_reading([this] { measure(); });
}

void WorkerPart::start(std::function<void()> broken) {
  member_.start();
  tasks_.spawn("tick", tick(std::move(broken)));
}

net::Task<void> WorkerPart::tick(std::function<void()> broken) {
  for (;;) {
    co_await net::sleep_for(kTick);
    if (!launcher_.alive()) {
      log::error("launcher_process_lost", {{"cure", "restart the service"}});
      co_return broken();
    }
    worker_.tick();
  }
}

void WorkerPart::drain() {
  if (drain_deadline_ != Instant::max()) return;
  log::info("draining", {{"timeout_s", config_.drain_timeout.count()}});
  drain_deadline_ = clock_.now() + config_.drain_timeout;
  worker_.stop_admitting();
  // The fleet hears of it at once, and places nothing more here.
  tasks_.spawn("last_heartbeat", member_.beat());
  tasks_.spawn("drain", worker_.drain([this] { return Deadline::at(drain_deadline_); }));
}

net::Task<void> WorkerPart::drained() {
  co_await worker_.drain([this] { return Deadline::at(drain_deadline_); });
  if (recordings_) co_await recordings_->finish();
}

void WorkerPart::measure() {
  std::map<session::SessionStatus, int> by_status{{session::SessionStatus::kStarting, 0},
                                                  {session::SessionStatus::kRunning, 0}};
  for (const auto& each : worker_.list()) ++by_status[each.status];
  by_status.erase(session::SessionStatus::kEnded);
  for (const auto& [status, count] : by_status)
    metrics_.set("pbaas_sessions", {{"status", std::string(to_word(status))}}, count);
  const auto status = worker_.status();
  metrics_.set("pbaas_worker_slots", {{"state", "used"}}, status.used);
  metrics_.set("pbaas_worker_slots", {{"state", "free"}}, status.capacity - status.used);
  metrics_.set("pbaas_spares", {{"state", "ready"}}, status.warm);
  metrics_.set("pbaas_spares", {{"state", "starting"}}, worker_.spares_starting());
  metrics_.set("pbaas_browsers_live", {}, static_cast<double>(launcher_.live()));
  measure_way_out(metrics_, way_out_);
}

worker::WarmConfig warm_config(const Config& config) {
  worker::WarmConfig warm{.count = config.warm_browsers};
  // What a create that asks for nothing gets.
  if (const auto kind = session::browser_kind_from_word(config.default_browser)) {
    warm.plain.browser = *kind;
  }
  return warm;
}

}  // namespace pbaas
