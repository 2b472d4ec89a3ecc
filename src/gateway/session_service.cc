#include "gateway/session_service.h"

#include "base/log.h"

namespace pbaas::gateway {
namespace {

using session::EndReason;
using session::Session;
using session::SessionStatus;

// A worker may refuse what the fleet believed possible; another try then finds another worker or
// the queue.
constexpr int kPlacementsMax = 5;
constexpr int kRetryAfterSeconds = 5;
// Creates under one Idempotency-Key that come to nothing before the next in line gives up, too.
constexpr int kKeyAttemptsMax = 5;
// The wait for another create with the same Idempotency-Key: the polls' first and longest distance,
// and beyond its queue time what a launch may take.
constexpr Duration kPollFirst{10};
constexpr Duration kPollMax{200};
constexpr Duration kOtherLaunchMax{30'000};

Error ended_error(const Session& session) {
  Error error{Fault::kSessionEnded, "the session has ended"};
  if (!session.end_reason) return error;
  error.end_reason = std::string(session::to_word(*session.end_reason));
  error.detail += ": " + error.end_reason;
  return error;
}

Error draining_error() {
  return {Fault::kDraining, "the service is being stopped", {}, kRetryAfterSeconds};
}

Error no_slot_in_time(const Session& session) {
  const auto waited = std::to_string(session.options.queue_timeout.count());
  return {
      Fault::kNoCapacity, "no slot became free within " + waited + " s", {}, kRetryAfterSeconds};
}

Error key_mismatch() {
  return {Fault::kIdempotencyMismatch, "this Idempotency-Key was used with another body",
          "Idempotency-Key"};
}

bool never_ran(const Session& session) {
  return session.status == SessionStatus::kEnded && !session.started_at;
}

// Whether a worker that answers so had taken the session, and so records its end.
bool is_recorded_by_worker(const Error& error) {
  return error.fault == Fault::kLaunchFailed || error.fault == Fault::kSessionEnded;
}

}  // namespace

// A create while it waits for its slot.
struct SessionService::Waiting {
  explicit Waiting(net::Loop& loop) : turn(std::in_place, loop) {}
  std::optional<net::Event> turn;
  std::optional<Session> ended;  // by somebody else
};

// A create under way. Left by an exception, as a task is whose client went away, it undoes what was
// done.
class SessionService::PendingCreate {
 public:
  PendingCreate(SessionService& service, Session session)
      : service_(service), session_(std::move(session)), waiting_(service.loop_) {
    service_.waiting_[session_.id] = &waiting_;
  }
  PendingCreate(const PendingCreate&) = delete;
  PendingCreate& operator=(const PendingCreate&) = delete;
  ~PendingCreate() {
    service_.waiting_.erase(session_.id);
    if (done_) return;
    if (!worker_) end("");
    service_.tasks_.spawn("abandon", service_.clean_up(session_.id, worker_));
  }

  const Session& session() const { return session_; }
  Waiting& waiting() { return waiting_; }

  // The log has a row of it, or is about to: its end must be there too.
  void is_logged() { logged_ = true; }
  void log() {
    if (!std::exchange(logged_, true)) service_.log_.record(session_);
  }
  void placed_on(const std::string& worker) {
    service_.waiting_.erase(session_.id);
    worker_ = worker;
  }
  // The worker did not take it after all.
  void waits_again() {
    worker_.reset();
    waiting_.turn.emplace(service_.loop_);
    service_.waiting_[session_.id] = &waiting_;
  }
  // It runs, or somebody else has recorded its end.
  void done() { done_ = true; }
  void refuse(const Error& error) {
    service_.count_refused(error);
    end(error.detail);
    done();
  }

 private:
  void end(const std::string& detail) {
    if (!logged_ || waiting_.ended) return;
    session_.end(EndReason::kAbandoned, service_.clock_.wall(), detail);
    service_.record_end(session_);
  }

  SessionService& service_;
  Session session_;
  Waiting waiting_;
  std::optional<std::string> worker_;
  bool logged_ = false;
  bool done_ = false;
};

SessionService::SessionService(net::Loop& loop, const Clock& clock, store::Fleet& fleet,
                               store::SessionLog& log, WorkerClient& workers, Metrics& metrics,
                               std::size_t queue_limit)
    : loop_(loop),
      clock_(clock),
      fleet_(fleet),
      log_(log),
      workers_(workers),
      metrics_(metrics),
      queue_(queue_limit),
      tasks_(loop) {}

Session SessionService::new_session(session::SessionOptions options, std::string owner) const {
  Session session{SessionId::random()};
  session.owner = std::move(owner);
  session.options = std::move(options);
  session.created_at = clock_.wall();
  return session;
}

net::Task<Result<Session>> SessionService::create(session::SessionOptions options,
                                                  std::string owner) {
  PendingCreate pending(*this, new_session(std::move(options), std::move(owner)));
  co_return co_await run_create(pending);
}

net::Task<Result<Session>> SessionService::create_once(session::SessionOptions options,
                                                       store::IdempotencyKey key) {
  const auto deadline = Deadline::after(clock_, options.queue_timeout + kOtherLaunchMax);
  for (int attempt = 0; attempt < kKeyAttemptsMax; ++attempt) {
    PendingCreate pending(*this, new_session(options, key.owner));
    // From here on: the store goes on inserting, whoever stops waiting for it.
    pending.is_logged();
    const auto first = co_await log_.insert_once(pending.session(), key);
    if (first && !*first) co_return co_await run_create(pending);
    pending.done();
    if (!first) co_return first.error();
    if ((*first)->request_hash != key.request_hash) co_return key_mismatch();
    const auto other = co_await await_other((*first)->session.id, deadline);
    if (!other || !never_ran(*other)) co_return other;
    // The other create came to nothing and gave its key back: this one's turn.
  }
  co_return Error{
      Fault::kNoCapacity, "no create under this key gave a browser", {}, kRetryAfterSeconds};
}

net::Task<Result<Session>> SessionService::await_other(SessionId id, Deadline deadline) {
  for (auto pause = kPollFirst;; pause = std::min(pause * 2, kPollMax)) {
    auto found = co_await log_.find(id);
    if (!found || found->status == SessionStatus::kRunning ||
        found->status == SessionStatus::kEnded) {
      co_return found;
    }
    if (deadline.passed(clock_)) {
      co_return Error{Fault::kNoCapacity, "the session is still starting", {}, 1};
    }
    co_await net::sleep_for(pause);
  }
}

net::Task<Result<Session>> SessionService::run_create(PendingCreate& pending) {
  const auto began = clock_.now();
  const auto deadline = Deadline::after(clock_, pending.session().options.queue_timeout);
  Error last{Fault::kNoCapacity, "no worker took the session", {}, kRetryAfterSeconds};
  for (int placement = 0; placement < kPlacementsMax; ++placement) {
    const auto worker = co_await place_in_turn(pending, deadline);
    if (!worker) {
      last = worker.error();
      break;
    }
    pending.placed_on(worker->id);
    const std::chrono::duration<double> waited = clock_.now() - began;
    metrics_.observe("pbaas_create_seconds", {{"phase", "queue"}}, waited.count());
    auto running = co_await start_on(*worker, pending.session());
    if (running || is_recorded_by_worker(running.error())) {
      pending.done();
      if (!running) count_refused(running.error());
      co_return running;
    }
    pending.waits_again();
    last = running.error();
    if (last.fault != Fault::kNoCapacity) break;
  }
  pending.refuse(last);
  co_return last;
}

net::Task<Result<store::WorkerStatus>> SessionService::place_in_turn(PendingCreate& pending,
                                                                     Deadline deadline) {
  const auto& session = pending.session();
  auto& waiting = pending.waiting();
  if (draining_) co_return draining_error();
  if (queue_.empty()) {
    auto placed = co_await fleet_.place(session.id);
    if (placed || placed.error().fault != Fault::kNoCapacity) co_return placed;
  }
  auto ticket = queue_.join(session.owner, [&waiting] { waiting.turn->set(); });
  if (!ticket) co_return ticket.error();
  pending.log();
  for (;;) {
    const bool woken = co_await waiting.turn->wait(deadline);
    if (waiting.ended) co_return ended_error(*waiting.ended);
    if (draining_) co_return draining_error();
    if (!woken) co_return no_slot_in_time(session);
    auto placed = co_await fleet_.place(session.id);
    if (placed) ticket->served();
    if (placed || placed.error().fault != Fault::kNoCapacity) co_return placed;
    waiting.turn.emplace(loop_);
    ticket->wait_again([&waiting] { waiting.turn->set(); });
  }
}

net::Task<Result<Session>> SessionService::start_on(const store::WorkerStatus& worker,
                                                    const Session& session) {
  auto running = co_await workers_.start(worker.id, session);
  if (!running) {
    // A worker that took the session gives its place back when the browser is gone; one that
    // refused never had it.
    if (!is_recorded_by_worker(running.error())) co_await fleet_.release(session.id);
    co_return running;
  }
  const auto next_deadline =
      clock_.now() + std::min(session.options.timeout, session.options.idle_timeout);
  const store::SessionPlace where{session.id, worker.id, *running->browser, next_deadline,
                                  session.owner};
  const auto published = co_await fleet_.publish(where);
  if (!published)
    log::warn("publish_failed",
              {{"session", session.id.text()}, {"why", published.error().detail}});
  co_return running;
}

net::Task<void> SessionService::clean_up(SessionId id, std::optional<std::string> worker) {
  if (worker) {
    const auto ended = co_await workers_.end(*worker, id, EndReason::kAbandoned);
    if (ended) co_return;  // Its place is given back when its browser is gone.
  }
  co_await fleet_.release(id);
}

void SessionService::count_refused(const Error& error) {
  metrics_.count("pbaas_creates_refused_total",
                 {{"reason", std::string(reason_word(error.fault))}});
}

void SessionService::record_end(const Session& session) {
  log_.record(session);
  const std::string reason(session::to_word(*session.end_reason));
  metrics_.count("pbaas_sessions_ended_total", {{"end_reason", reason}});
}

Error SessionService::no_such_session() {
  return {Fault::kNoSuchSession, "there is no session with this id"};
}

net::Task<Result<Session>> SessionService::find(const SessionId& id, const std::string& owner) {
  const auto where = co_await fleet_.find(id);
  if (where && where->owner == owner) {
    auto live = co_await workers_.describe(where->worker, id);
    if (live) co_return live;
  }
  auto logged = co_await log_.find(id);
  const bool unknown = !logged && logged.error().fault == Fault::kNoSuchSession;
  // The same words for both, or a stranger could tell one from the other.
  if (unknown || (logged && logged->owner != owner)) co_return no_such_session();
  co_return logged;
}

net::Task<Result<Session>> SessionService::end(const SessionId& id, const std::string& owner) {
  auto session = co_await find(id, owner);
  if (!session || session->status == SessionStatus::kEnded) co_return session;
  if (const auto waiting = waiting_.find(id); waiting != waiting_.end()) {
    co_return end_waiting(*waiting->second, std::move(*session));
  }
  // It may have been placed while the log was asked, which knows its worker by now.
  if (!session->worker) session = co_await log_.find(id);
  if (!session || session->status == SessionStatus::kEnded) co_return session;
  if (!session->worker) {
    co_return Error{Fault::kSessionNotRunning, "the session is being placed; try again", {}, 1};
  }
  auto ended = co_await workers_.end(*session->worker, id, EndReason::kClientRequest);
  if (ended || ended.error().fault != Fault::kNoSuchSession) co_return ended;
  co_return co_await log_.find(id);  // It ended by itself in the meantime.
}

Session SessionService::end_waiting(Waiting& waiting, Session session) {
  session.end(EndReason::kClientRequest, clock_.wall());
  record_end(session);
  waiting.ended = session;
  waiting.turn->set();
  return session;
}

net::Task<Result<store::SessionPage>> SessionService::list(store::SessionQuery query) {
  co_return co_await log_.list(query);
}

net::Task<Result<BrowserEndpoint>> SessionService::endpoint(const SessionId& id,
                                                            const std::string& owner) {
  const auto where = co_await fleet_.find(id);
  if (where && where->owner == owner) {
    auto endpoint = co_await workers_.endpoint(where->worker, id);
    if (endpoint) co_return endpoint;
  }
  const auto session = co_await find(id, owner);
  if (!session) co_return session.error();
  if (session->status == SessionStatus::kEnded) co_return ended_error(*session);
  co_return Error{
      Fault::kSessionNotRunning, "the session is " + std::string(to_word(session->status)), {}, 1};
}

void SessionService::stop_admitting() {
  draining_ = true;
  for (const auto& [id, waiting] : waiting_) waiting->turn->set();
}

void SessionService::session_gone(const Session& session) {
  tasks_.spawn("release", [](SessionService& self, SessionId id) -> net::Task<void> {
    co_await self.fleet_.release(id);
    self.queue_.admit(1);
  }(*this, session.id));
}

}  // namespace pbaas::gateway
