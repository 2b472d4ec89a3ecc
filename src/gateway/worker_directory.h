// Where each run of a worker is asked, as this gateway last heard it: for sessions of which only
// the log knows, while the fleet is away or has lost everything. Loop thread only.
#pragma once

#include <map>
#include <optional>

#include "session/worker_run.h"
#include "store/fleet.h"

namespace pbaas::gateway {

class WorkerDirectory {
 public:
  // Far more than a fleet has; beyond it the directory starts anew.
  static constexpr std::size_t kRunsMax = 20'000;

  void note(const store::WorkerRef& worker);
  std::optional<store::WorkerRef> find(const session::WorkerRun& run) const;

 private:
  std::map<session::WorkerRun, std::string> addresses_;
};

}  // namespace pbaas::gateway
