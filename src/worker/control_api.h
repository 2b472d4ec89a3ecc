// The control API of a worker: what gateways ask of it over HTTP, and the way of their clients to
// its browsers. Behind a proof of CLUSTER_SECRET, but for the probes. Loop thread only.
#pragma once

#include <functional>

#include "base/cluster_proof.h"
#include "base/metrics.h"
#include "net/router.h"
#include "worker/worker.h"

namespace pbaas::worker {

// Everything the routes use. Owned by `main`; outlives the server.
struct ControlApi {
  Worker& worker;
  Metrics& metrics;
  const Clock& clock;
  ClusterProof proof;
  std::function<void()> drain;  // begins the drain; again: nothing
};

// `api` is kept by reference.
net::Router make_control_router(ControlApi& api);

}  // namespace pbaas::worker
