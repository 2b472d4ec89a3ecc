#include "main/local_worker_client.h"

namespace pbaas {

using session::Session;

net::Task<Result<Session>> LocalWorkerClient::start(const store::WorkerRef&, Session session) {
  co_return co_await worker_.start(std::move(session));
}

net::Task<Result<Session>> LocalWorkerClient::end(const store::WorkerRef&, const SessionId& session,
                                                  session::EndReason reason) {
  co_return co_await worker_.end_for_client(session, reason);
}

net::Task<Result<std::optional<Instant>>> LocalWorkerClient::end_if_due(const store::WorkerRef&,
                                                                        const SessionId& session) {
  co_return worker_.end_if_due(session);
}

net::Task<Result<Session>> LocalWorkerClient::describe(const store::WorkerRef&,
                                                       const SessionId& session) {
  co_return worker_.describe(session);
}

net::Task<Result<gateway::BrowserEndpoint>> LocalWorkerClient::endpoint(
    const store::SessionPlace& place) {
  auto attached = worker_.attach(place.session);
  if (!attached) co_return attached.error();
  const net::Endpoint at{"127.0.0.1", attached->browser.debug_port, attached->dial};
  co_return gateway::BrowserEndpoint{at, attached->browser, attached->relays};
}

net::Task<Status> LocalWorkerClient::drain(const store::WorkerRef&) {
  drain_();
  co_return Status{};
}

net::Task<session::ProbeAnswer> LocalWorkerClient::probe(const store::WorkerRef&) {
  co_return session::ProbeAnswer::kSameEpoch;
}

}  // namespace pbaas
