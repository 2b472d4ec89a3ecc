// Everything that a worker is made of, but for the stores and its door: the browsers of this
// machine and their place in the fleet. Loop thread only.
#pragma once

#include <functional>
#include <string>

#include "base/config.h"
#include "base/metrics.h"
#include "main/browsers.h"
#include "main/recording_parts.h"
#include "net/task_group.h"
#include "worker/fleet_member.h"
#include "worker/worker.h"

namespace pbaas {

class WorkerPart {
 public:
  WorkerPart(const Config& config, net::Loop& loop, const Clock& clock, worker::WorkerConfig worker,
             Browsers& browsers, store::Fleet& fleet, store::SessionLog& log, Metrics& metrics,
             RecordingParts* recordings);

  // `broken` is called once the launcher process is lost: nothing starts any more.
  void start(std::function<void()> broken);
  // Begins to drain: no new sessions, and the end of what is left after DRAIN_TIMEOUT. Again:
  // nothing.
  void drain();
  // What is left ends now.
  void hurry() { drain_deadline_ = clock_.now(); }
  // Done when the drain is.
  net::Task<void> drained();
  // After it: the fleet need not miss the worker.
  net::Task<void> leave() { return member_.leave(); }

  worker::Worker& worker() { return worker_; }

 private:
  net::Task<void> tick(std::function<void()> broken);
  void measure();

  const Config& config_;
  const Clock& clock_;
  browser::Launcher& launcher_;
  const WayOut& way_out_;
  Metrics& metrics_;
  RecordingParts* const recordings_;  // null where nothing is recorded
  net::TaskGroup tasks_;
  worker::Worker worker_;
  worker::FleetMember member_;
  Instant drain_deadline_ = Instant::max();
};

// The spares that the settings ask for.
worker::WarmConfig warm_config(const Config& config);

}  // namespace pbaas
