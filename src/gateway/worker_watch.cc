#include "gateway/worker_watch.h"

#include <algorithm>
#include <set>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::gateway {

using session::EndReason;
using session::WorkerRun;

namespace {

// More than any question takes by itself.
constexpr Duration kAnswersMax{10'000};

}  // namespace

WorkerWatch::WorkerWatch(net::Loop& loop, const Clock& clock, store::Fleet& fleet,
                         store::SessionLog& log, WorkerClient& workers, WorkerDirectory& directory,
                         Metrics& metrics, Duration heartbeat)
    : clock_(clock),
      fleet_(fleet),
      log_(log),
      workers_(workers),
      directory_(directory),
      metrics_(metrics),
      heartbeat_(heartbeat),
      lost_(heartbeat),
      tasks_(loop) {}

net::Task<void> WorkerWatch::run() {
  for (;;) {
    co_await check();
    co_await net::sleep_for(heartbeat_);
  }
}

net::Task<void> WorkerWatch::check() {
  co_await read_open_runs();
  const bool answered = co_await ask_fleet();
  if (answered) co_await ask_missing();
  // A copy, because losing one changes what is open.
  const auto open = open_;
  for (const auto& run : open) {
    if (lost_.verdict(run) == session::RunVerdict::kLost) co_await lose(run);
  }
  co_await end_forgotten();
}

void WorkerWatch::measure() {
  int ready = 0;
  int used = 0;
  int free = 0;
  for (const auto& each : fleet_seen_) {
    used += each.used;
    if (each.state != store::WorkerState::kReady) continue;
    ++ready;
    free += std::max(0, each.capacity - each.used);
  }
  const int draining = static_cast<int>(fleet_seen_.size()) - ready;
  metrics_.set("pbaas_workers", {{"state", "ready"}}, ready);
  metrics_.set("pbaas_workers", {{"state", "draining"}}, draining);
  metrics_.set("pbaas_slots", {{"state", "used"}}, used);
  metrics_.set("pbaas_slots", {{"state", "free"}}, free);
}

net::Task<void> WorkerWatch::read_open_runs() {
  const auto open = co_await log_.open_runs();
  // While the log is away, what was open before is still looked after.
  std::set<WorkerRun> runs(open_.begin(), open_.end());
  if (open) runs = {open->begin(), open->end()};
  // Another gateway may have ended the rows of a run; the clients that came through here are told
  // here.
  const auto relayed = workers_.relayed_runs();
  runs.insert(relayed.begin(), relayed.end());
  open_ = {runs.begin(), runs.end()};
  lost_.watch(open_);
}

net::Task<bool> WorkerWatch::ask_fleet() {
  const auto workers = co_await fleet_.workers();
  if (!workers) {
    lost_.fleet_silent();
    co_return false;
  }
  std::vector<session::ReportedRun> present;
  for (const auto& each : *workers) {
    directory_.note(each.worker);
    present.push_back({{each.worker.id, each.worker.epoch}, each.worker.address});
  }
  lost_.fleet_answered(present, clock_.now());
  fleet_seen_ = *workers;
  co_return true;
}

// All at once: a machine that is gone takes several workers with it, and each is silent until its
// time is over.
net::Task<void> WorkerWatch::ask_missing() {
  for (const auto& run : open_) {
    const auto address = lost_.address_to_ask(run);
    if (address) tasks_.spawn("probe", ask(run, *address));
  }
  const auto deadline = Deadline::after(clock_, kAnswersMax);
  co_await tasks_.idle(clock_, deadline);
}

net::Task<void> WorkerWatch::ask(WorkerRun run, std::string address) {
  const auto asked = clock_.now();
  const store::WorkerRef worker{run.worker, run.epoch, address};
  const auto answer = co_await workers_.probe(worker);
  lost_.answered(run, answer, asked);
}

net::Task<void> WorkerWatch::lose(WorkerRun run) {
  workers_.close_relays(run);
  const auto ended = co_await log_.end_run(run, EndReason::kWorkerLost, clock_.wall());
  // While the log is away its rows stay open, and the next check comes back to them.
  if (!ended) co_return;
  log::warn("worker_lost",
            {{"worker", run.worker}, {"epoch", run.epoch}, {"sessions_ended", ended->size()}});
  count_ended(*ended, EndReason::kWorkerLost);
  const store::WorkerRef worker{run.worker, run.epoch, ""};
  (void)co_await fleet_.forget(worker);
  for (const auto& id : *ended) (void)co_await fleet_.release(id);
  std::erase(open_, run);
}

net::Task<void> WorkerWatch::end_forgotten() {
  const auto ended = co_await log_.end_forgotten(clock_.wall());
  if (ended) count_ended(*ended, EndReason::kAbandoned);
}

void WorkerWatch::count_ended(const std::vector<SessionId>& ended, EndReason reason) {
  if (ended.empty()) return;
  metrics_.count("pbaas_sessions_ended_total", {{"end_reason", std::string(to_word(reason))}},
                 static_cast<double>(ended.size()));
}

}  // namespace pbaas::gateway
