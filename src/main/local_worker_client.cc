#include "main/local_worker_client.h"

namespace pbaas {

using session::Session;

net::Task<Result<Session>> LocalWorkerClient::start(const std::string&, Session session) {
  co_return co_await worker_.start(std::move(session));
}

net::Task<Result<Session>> LocalWorkerClient::end(const std::string&, const SessionId& session,
                                                  session::EndReason reason) {
  co_return worker_.end(session, reason);
}

net::Task<Result<std::optional<Instant>>> LocalWorkerClient::end_if_due(const std::string&,
                                                                        const SessionId& session) {
  co_return worker_.end_if_due(session);
}

net::Task<Result<Session>> LocalWorkerClient::describe(const std::string&,
                                                       const SessionId& session) {
  co_return worker_.describe(session);
}

net::Task<Result<gateway::BrowserEndpoint>> LocalWorkerClient::endpoint(const std::string&,
                                                                        const SessionId& session) {
  auto attached = worker_.attach(session);
  if (!attached) co_return attached.error();
  co_return gateway::BrowserEndpoint{"127.0.0.1", attached->browser, attached->relays};
}

}  // namespace pbaas
