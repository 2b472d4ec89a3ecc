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

  net::Task<Result<session::Session>> start(const store::WorkerRef& worker,
                                            session::Session session) override {
    ++starts;
    asked_of[worker.id].push_back(session.id);
    ids_asked.push_back(session.id);
    if (worker.id == lost_worker) co_return Error{Fault::kBrowserUnreachable, "no answer"};
    session.start(worker.id, worker.epoch);
    sessions.insert_or_assign(session.id, session);
    const auto an_hour = Deadline::after(clock_, std::chrono::hours(1));
    co_await go.wait(an_hour);
    if (refusal) co_return *std::exchange(refusal, std::nullopt);
    session.run({9222, "guid"}, clock_.wall());
    sessions.insert_or_assign(session.id, session);
    co_return session;
  }
  net::Task<Result<session::Session>> end(const store::WorkerRef&, const SessionId& id,
                                          session::EndReason reason) override {
    const auto found = sessions.find(id);
    if (found == sessions.end()) co_return Error{Fault::kNoSuchSession, ""};
    found->second.end(reason, clock_.wall());
    co_return found->second;
  }
  net::Task<Result<std::optional<Instant>>> end_if_due(const store::WorkerRef&,
                                                       const SessionId& id) override {
    asked.push_back(id);
    const auto an_hour = Deadline::after(clock_, std::chrono::hours(1));
    if (id == silent_about) co_await go.wait(an_hour);
    if (!sessions.contains(id)) co_return Error{Fault::kNoSuchSession, ""};
    co_return next_deadline;
  }
  net::Task<Result<session::Session>> describe(const store::WorkerRef&,
                                               const SessionId& id) override {
    const auto found = sessions.find(id);
    if (found == sessions.end()) co_return Error{Fault::kNoSuchSession, ""};
    co_return found->second;
  }
  net::Task<Result<BrowserEndpoint>> endpoint(const store::SessionPlace& place) override {
    const auto found = sessions.find(place.session);
    const bool running =
        found != sessions.end() && found->second.status == session::SessionStatus::kRunning;
    if (!running) co_return Error{Fault::kNoSuchSession, ""};
    const auto browser = *found->second.browser;
    co_return BrowserEndpoint{{"127.0.0.1", browser.debug_port}, browser, nullptr};
  }

  net::Task<Status> drain(const store::WorkerRef& worker) override {
    drained.push_back(worker.id);
    co_return Status{};
  }
  net::Task<session::ProbeAnswer> probe(const store::WorkerRef& worker) override {
    probed.push_back(worker);
    co_return probe_answer;
  }
  std::vector<session::WorkerRun> relayed_runs() const override { return relayed; }
  void close_relays(const session::WorkerRun& run) override { closed.push_back(run); }

  const std::vector<SessionId>& ids_at(const std::string& worker) { return asked_of[worker]; }

  std::optional<SessionId> silent_about;                   // does not say whether that is due
  std::string lost_worker;                                 // answers no start
  std::map<std::string, std::vector<SessionId>> asked_of;  // starts, by worker
  std::vector<SessionId> ids_asked;
  session::ProbeAnswer probe_answer = session::ProbeAnswer::kSameEpoch;
  std::vector<store::WorkerRef> probed;
  std::vector<session::WorkerRun> relayed;
  std::vector<session::WorkerRun> closed;
  std::vector<std::string> drained;

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
