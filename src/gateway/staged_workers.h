// For the gateway's tests: a worker that is not there, which starts and ends sessions when the test
// says.
#pragma once

#include <map>

#include "gateway/worker_client.h"
#include "net/event.h"

namespace pbaas::gateway {

class StagedWorkers final : public WorkerClient {
 public:
  StagedWorkers(net::Loop& loop, const Clock& clock) : go(loop), clock_(clock) {}

  net::Task<Result<session::Session>> start(const std::string& worker,
                                            session::Session session) override {
    ++starts;
    session.start(worker);
    sessions.insert_or_assign(session.id, session);
    const auto an_hour = Deadline::after(clock_, std::chrono::hours(1));
    co_await go.wait(an_hour);
    if (refusal) co_return *std::exchange(refusal, std::nullopt);
    session.run({9222, "guid"}, clock_.wall());
    sessions.insert_or_assign(session.id, session);
    co_return session;
  }
  net::Task<Result<session::Session>> end(const std::string&, const SessionId& id,
                                          session::EndReason reason) override {
    const auto found = sessions.find(id);
    if (found == sessions.end()) co_return Error{Fault::kNoSuchSession, ""};
    found->second.end(reason, clock_.wall());
    co_return found->second;
  }
  net::Task<Result<std::optional<Instant>>> end_if_due(const std::string&,
                                                       const SessionId& id) override {
    asked.push_back(id);
    if (!sessions.contains(id)) co_return Error{Fault::kNoSuchSession, ""};
    co_return next_deadline;
  }
  net::Task<Result<session::Session>> describe(const std::string&, const SessionId& id) override {
    const auto found = sessions.find(id);
    if (found == sessions.end()) co_return Error{Fault::kNoSuchSession, ""};
    co_return found->second;
  }
  net::Task<Result<BrowserEndpoint>> endpoint(const std::string&, const SessionId& id) override {
    const auto found = sessions.find(id);
    const bool running =
        found != sessions.end() && found->second.status == session::SessionStatus::kRunning;
    if (!running) co_return Error{Fault::kNoSuchSession, ""};
    co_return BrowserEndpoint{"127.0.0.1", *found->second.browser, nullptr};
  }

  net::Event go;                         // browsers start once it is set
  std::optional<Error> refusal;          // what the next start answers
  std::optional<Instant> next_deadline;  // what end_if_due answers
  std::vector<SessionId> asked;          // by end_if_due
  std::map<SessionId, session::Session> sessions;
  int starts = 0;

 private:
  const Clock& clock_;
};

}  // namespace pbaas::gateway
