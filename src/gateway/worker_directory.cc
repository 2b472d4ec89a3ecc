#include "gateway/worker_directory.h"

namespace pbaas::gateway {

void WorkerDirectory::note(const store::WorkerRef& worker) {
  if (addresses_.size() >= kRunsMax) addresses_.clear();
  addresses_[{worker.id, worker.epoch}] = worker.address;
}

std::optional<store::WorkerRef> WorkerDirectory::find(const session::WorkerRun& run) const {
  const auto found = addresses_.find(run);
  if (found == addresses_.end()) return std::nullopt;
  return store::WorkerRef{run.worker, run.epoch, found->second};
}

}  // namespace pbaas::gateway
