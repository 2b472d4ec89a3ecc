// Everything that a gateway is made of, but for the stores and the way to the workers, which
// `serve` and `gateway` have each their own of. Loop thread only.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/config.h"
#include "base/metrics.h"
#include "gateway/api.h"
#include "gateway/retention.h"
#include "gateway/sweeper.h"
#include "gateway/worker_directory.h"
#include "net/http_server.h"
#include "net/task_group.h"

namespace pbaas {

// Where recordings are found; null where nothing is recorded.
struct RecordingsFound {
  store::RecordingLog* log = nullptr;
  store::ObjectStore* objects = nullptr;
};

class GatewayPart {
 public:
  GatewayPart(const Config& config, net::Loop& loop, const Clock& clock, store::Fleet& fleet,
              store::SessionLog& log, gateway::WorkerClient& workers, net::RelayPool& relays,
              Metrics& metrics, RecordingsFound recordings, std::string browser_version);

  // Gives the port. Errors: kInvalidField.
  Result<int> start();
  // No new sessions from now on.
  void stop_admitting();
  // Closes the door, waits for the answers under way, and leaves no task behind that needs what
  // goes next.
  net::Task<void> close(std::function<Deadline()> deadline);

  gateway::SessionService& sessions() { return sessions_; }
  gateway::WorkerDirectory& directory() { return directory_; }
  bool draining() const { return draining_; }

 private:
  void measure();

  const Config& config_;
  const Clock& clock_;
  Metrics& metrics_;
  net::TaskGroup tasks_;
  gateway::WorkerDirectory directory_;
  gateway::SessionService sessions_;
  gateway::Sweeper sweeper_;
  std::optional<gateway::Retention> retention_;  // where recordings have a time
  gateway::Auth auth_;
  gateway::Api api_;
  std::optional<net::HttpServer> server_;  // until `close`
  bool draining_ = false;
};

}  // namespace pbaas
