// The gateway's view of a worker in the same process: plain calls. Loop thread only.
#pragma once

#include <functional>

#include "gateway/worker_client.h"
#include "worker/worker.h"

namespace pbaas {

class LocalWorkerClient final : public gateway::WorkerClient {
 public:
  // `drain` begins the worker's drain.
  LocalWorkerClient(worker::Worker& worker, std::function<void()> drain)
      : worker_(worker), drain_(std::move(drain)) {}

  net::Task<Result<session::Session>> start(const store::WorkerRef& worker,
                                            session::Session session) override;
  net::Task<Result<session::Session>> end(const store::WorkerRef& worker, const SessionId& session,
                                          session::EndReason reason) override;
  net::Task<Result<std::optional<Instant>>> end_if_due(const store::WorkerRef& worker,
                                                       const SessionId& session) override;
  net::Task<Result<session::Session>> describe(const store::WorkerRef& worker,
                                               const SessionId& session) override;
  net::Task<Result<gateway::BrowserEndpoint>> endpoint(const store::SessionPlace& place) override;
  net::Task<Status> drain(const store::WorkerRef& worker) override;
  // A worker in this process is never lost.
  net::Task<session::ProbeAnswer> probe(const store::WorkerRef& worker) override;
  std::vector<session::WorkerRun> relayed_runs() const override { return {}; }
  void close_relays(const session::WorkerRun&) override {}

 private:
  worker::Worker& worker_;
  std::function<void()> drain_;
};

}  // namespace pbaas
