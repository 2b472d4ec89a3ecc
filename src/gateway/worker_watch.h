// The watch over workers: finds those that are lost, tells their clients, ends their sessions in
// the log, and takes them out of the fleet. There is one in every gateway; the log gives each end
// to one of them alone. Loop thread only.
#pragma once

#include <string>
#include <vector>

#include "base/metrics.h"
#include "gateway/worker_client.h"
#include "gateway/worker_directory.h"
#include "net/task_group.h"
#include "session/lost_workers.h"
#include "store/fleet.h"
#include "store/session_log.h"

namespace pbaas::gateway {

class WorkerWatch {
 public:
  WorkerWatch(net::Loop& loop, const Clock& clock, store::Fleet& fleet, store::SessionLog& log,
              WorkerClient& workers, WorkerDirectory& directory, Metrics& metrics,
              Duration heartbeat);

  // Runs until cancelled: a check in each heartbeat.
  net::Task<void> run();
  net::Task<void> check();
  // Workers and slots of the fleet as of the last check.
  void measure();

 private:
  net::Task<void> read_open_runs();
  net::Task<bool> ask_fleet();
  net::Task<void> ask_missing();
  net::Task<void> ask(session::WorkerRun run, std::string address);
  net::Task<void> lose(session::WorkerRun run);
  net::Task<void> end_forgotten();
  void count_ended(const std::vector<SessionId>& ended, session::EndReason reason);

  const Clock& clock_;
  store::Fleet& fleet_;
  store::SessionLog& log_;
  WorkerClient& workers_;
  WorkerDirectory& directory_;
  Metrics& metrics_;
  const Duration heartbeat_;
  session::LostWorkers lost_;
  net::TaskGroup tasks_;
  std::vector<store::WorkerStatus> fleet_seen_;
  std::vector<session::WorkerRun> open_;  // with open rows or relays, as of the last check
};

}  // namespace pbaas::gateway
