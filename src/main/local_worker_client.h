// The gateway's view of a worker in the same process: plain calls. Loop thread only.
#pragma once

#include "gateway/worker_client.h"
#include "worker/worker.h"

namespace pbaas {

class LocalWorkerClient final : public gateway::WorkerClient {
 public:
  explicit LocalWorkerClient(worker::Worker& worker) : worker_(worker) {}

  net::Task<Result<session::Session>> start(const std::string& worker,
                                            session::Session session) override;
  net::Task<Result<session::Session>> end(const std::string& worker, const SessionId& session,
                                          session::EndReason reason) override;
  net::Task<Result<std::optional<Instant>>> end_if_due(const std::string& worker,
                                                       const SessionId& session) override;
  net::Task<Result<session::Session>> describe(const std::string& worker,
                                               const SessionId& session) override;
  net::Task<Result<gateway::BrowserEndpoint>> endpoint(const std::string& worker,
                                                       const SessionId& session) override;

 private:
  worker::Worker& worker_;
};

}  // namespace pbaas
