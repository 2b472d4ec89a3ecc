// The gateway's view of workers on other machines: their control API over HTTP, and the relays to
// their browsers. Loop thread only.
#pragma once

#include <map>
#include <memory>

#include "base/cluster_proof.h"
#include "gateway/worker_client.h"
#include "net/http_client.h"

namespace pbaas::gateway {

class RemoteWorkers final : public WorkerClient {
 public:
  RemoteWorkers(const Clock& clock, ClusterProof proof) : clock_(clock), proof_(std::move(proof)) {}

  net::Task<Result<session::Session>> start(const store::WorkerRef& worker,
                                            session::Session session) override;
  net::Task<Result<session::Session>> end(const store::WorkerRef& worker, const SessionId& session,
                                          session::EndReason reason) override;
  net::Task<Result<std::optional<Instant>>> end_if_due(const store::WorkerRef& worker,
                                                       const SessionId& session) override;
  net::Task<Result<session::Session>> describe(const store::WorkerRef& worker,
                                               const SessionId& session) override;
  // Asks nobody: the worker says in the handshake if the session is not there any more.
  net::Task<Result<BrowserEndpoint>> endpoint(const store::SessionPlace& place) override;
  net::Task<Status> drain(const store::WorkerRef& worker) override;
  net::Task<session::ProbeAnswer> probe(const store::WorkerRef& worker) override;
  std::vector<session::WorkerRun> relayed_runs() const override;
  void close_relays(const session::WorkerRun& run) override;

 private:
  struct Relays {
    session::WorkerRun run;
    std::weak_ptr<net::RelayGroup> group;
  };

  net::Headers proven(const store::WorkerRef& worker) const;
  net::Task<Result<net::Response>> ask(store::WorkerRef worker, net::Outgoing request,
                                       Duration answer_max);
  net::Task<Result<session::Session>> ask_session(store::WorkerRef worker, net::Outgoing request,
                                                  Duration answer_max);
  // Done when the worker does not answer a probe.
  net::Task<void> until_silent(store::WorkerRef worker);
  std::shared_ptr<net::RelayGroup> relays_of(const store::WorkerRef& worker,
                                             const SessionId& session);

  const Clock& clock_;
  const ClusterProof proof_;
  static constexpr std::size_t kSweepAtMin = 64;
  // The relays of a session are held by themselves: when the last has ended, the group is gone. Its
  // entry goes when there are twice as many as there were last time.
  std::map<SessionId, Relays> relays_;
  std::size_t sweep_at_ = kSweepAtMin;
};

// "10.0.0.1:9100", "[fd00::1]:9100". Errors: kBrowserUnreachable for what is no such address.
Result<net::Endpoint> endpoint_of_address(std::string_view address);

}  // namespace pbaas::gateway
