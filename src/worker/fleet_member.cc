#include "worker/fleet_member.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "base/log.h"
#include "net/event.h"

namespace pbaas::worker {

using session::EndReason;
using session::SessionStatus;

FleetMember::FleetMember(net::Loop& loop, const Clock& clock, Worker& worker, store::Fleet& fleet,
                         store::SessionLog& log, Metrics& metrics, MembershipTimes times)
    : clock_(clock),
      worker_(worker),
      fleet_(fleet),
      log_(log),
      metrics_(metrics),
      times_(times),
      lease_(times.lease, clock.now()),
      tasks_(loop) {}

void FleetMember::start() {
  tasks_.spawn("heartbeat", run(&FleetMember::beat));
  tasks_.spawn("reconcile", run(&FleetMember::reconcile));
}

net::Task<void> FleetMember::run(net::Task<void> (FleetMember::*work)()) {
  for (;;) {
    const auto next = clock_.now() + times_.heartbeat;
    co_await (this->*work)();
    const auto pause = std::max(Duration{0}, next - clock_.now());
    co_await net::sleep_for(pause);
  }
}

net::Task<void> FleetMember::beat() {
  if (left_) co_return;
  const auto asked = clock_.now();
  const auto status = worker_.status();
  const auto held = worker_.held();
  const auto found = co_await fleet_.heartbeat(status, held);
  if (!found) co_return fleet_silent(found.error());
  fleet_answered(asked);
  count_repaired("slot_dropped", found->dropped);
  co_await publish(found->unpublished);
}

void FleetMember::fleet_answered(Instant asked) {
  if (std::exchange(silent_, false)) log::info("fleet_back");
  lease_.renew(asked);
  worker_.set_leased(true);
}

void FleetMember::fleet_silent(const Error& error) {
  if (!std::exchange(silent_, true)) log::warn("fleet_silent", {{"why", error.detail}});
  metrics_.count("pbaas_heartbeats_missed_total");
  if (lease_.holds(clock_.now())) return;
  worker_.set_leased(false);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(times_.lease).count();
  worker_.end_all(EndReason::kWorkerLost,
                  "the worker could not reach the fleet for " + std::to_string(seconds) + " s");
}

net::Task<void> FleetMember::publish(std::vector<SessionId> sessions) {
  for (const auto& id : sessions) {
    const auto place = worker_.place(id);
    // One that still starts is published by the gateway that awaits it.
    if (!place) continue;
    const auto published = co_await fleet_.publish(*place);
    if (!published) co_return;
    count_repaired("session_published", 1);
  }
}

net::Task<void> FleetMember::reconcile() {
  // What was recorded is in the log, or the log cannot be compared with.
  const auto flushed = co_await log_.flush();
  if (!flushed) co_return;
  if (!former_runs_ended_) co_await end_former_runs();
  const auto run = worker_.run();
  const auto held = worker_.held();
  const auto rows = co_await log_.rows_of(run, held);
  if (!rows) co_return;
  end_what_ended_elsewhere(rows->ended);
  std::set<SessionId> suspects;
  for (const auto& id : rows->open) {
    if (worker_.describe(id)) continue;
    if (suspects_.contains(id)) {
      co_await close_row(id);
    } else {
      suspects.insert(id);
    }
  }
  suspects_ = std::move(suspects);
}

// What this worker had before it was started anew: its browsers are gone. Each run is named, so
// that an order that reaches the log late, after yet another start, ends nothing of the living.
net::Task<void> FleetMember::end_former_runs() {
  const auto current = worker_.run();
  const auto runs = co_await log_.open_runs();
  if (!runs) co_return;
  for (const auto& run : *runs) {
    if (run.worker != current.worker || run == current) continue;
    const bool ended = co_await end_former_run(run);
    if (!ended) co_return;
  }
  former_runs_ended_ = true;
}

net::Task<bool> FleetMember::end_former_run(session::WorkerRun run) {
  const auto ended = co_await log_.end_run(run, EndReason::kWorkerLost, clock_.wall());
  if (!ended) co_return false;
  for (const auto& id : *ended) (void)co_await fleet_.release(id);
  if (ended->empty()) co_return true;
  log::warn("ended_lost_sessions", {{"count", ended->size()}});
  const std::string reason(to_word(EndReason::kWorkerLost));
  metrics_.count("pbaas_sessions_ended_total", {{"end_reason", reason}},
                 static_cast<double>(ended->size()));
  co_return true;
}

// Somebody took this worker for lost, or the create for abandoned. The log's word is the ending.
void FleetMember::end_what_ended_elsewhere(const std::vector<SessionId>& ended) {
  for (const auto& id : ended) {
    const auto session = worker_.describe(id);
    if (!session || session->status == SessionStatus::kEnded) continue;
    (void)worker_.end(id, EndReason::kWorkerLost, "the session log has it as ended");
    count_repaired("browser_ended", 1);
  }
}

net::Task<void> FleetMember::close_row(SessionId id) {
  auto row = co_await log_.find(id);
  if (!row || !row->end(EndReason::kWorkerLost, clock_.wall())) co_return;
  log_.record(*row);
  count_repaired("row_ended", 1);
}

net::Task<void> FleetMember::leave() {
  left_ = true;
  const auto worker = worker_.status().worker;
  (void)co_await fleet_.forget(worker);
}

void FleetMember::session_gone(const session::Session& session) {
  tasks_.spawn("release", give_back(session.id));
}

net::Task<void> FleetMember::give_back(SessionId session) {
  // Whoever looks for the session next finds its end in the log.
  (void)co_await log_.flush();
  // A fleet that is away learns it from the next heartbeat.
  (void)co_await fleet_.release(session);
}

void FleetMember::count_repaired(const char* kind, std::size_t repaired) {
  if (repaired == 0) return;
  metrics_.count("pbaas_reconcile_repairs_total", {{"kind", kind}}, static_cast<double>(repaired));
  log::warn("repaired", {{"kind", kind}, {"count", repaired}});
}

}  // namespace pbaas::worker
