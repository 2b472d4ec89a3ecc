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

double seconds(Duration time) {
  return std::chrono::duration<double>(time).count();
}

}  // namespace

// A create while it waits for its slot.
struct SessionService::Waiting {
  explicit Waiting(net::Loop& loop) : turn(std::in_place, loop) {}
  std::optional<net::Event> turn;
  std::optional<Session> ended;  // by somebody else
};

// Undoes a create that is left by an exception, as a task is whose client went away.
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
    if (!worker_ && session_.end(EndReason::kAbandoned, service_.clock_.wall()))
      service_.log_.record(session_);
    service_.tasks_.spawn("abandon", service_.clean_up(session_.id, worker_));
  }

  Waiting& waiting() { return waiting_; }
  void placed_on(const std::string& worker) {
    service_.waiting_.erase(session_.id);
    worker_ = worker;
  }
  void done() { done_ = true; }

 private:
  SessionService& service_;
  Session session_;
  Waiting waiting_;
  std::optional<std::string> worker_;
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
  auto session = new_session(std::move(options), std::move(owner));
  log_.record(session);
  co_return co_await run_create(std::move(session));
}

net::Task<Result<Session>> SessionService::create_once(session::SessionOptions options,
                                                       store::IdempotencyKey key) {
  auto session = new_session(std::move(options), key.owner);
  const auto first = co_await log_.insert_once(session, key);
  if (!first) co_return first.error();
  if (!*first) co_return co_await run_create(std::move(session));
  if ((*first)->request_hash != key.request_hash) {
    co_return Error{Fault::kIdempotencyMismatch, "this Idempotency-Key was used with another body",
                    "Idempotency-Key"};
  }
  const auto deadline = Deadline::after(clock_, session.options.queue_timeout + kOtherLaunchMax);
  co_return co_await await_other((*first)->session.id, deadline);
}

net::Task<Result<Session>> SessionService::await_other(SessionId id, Deadline deadline) {
  for (auto pause = kPollFirst;; pause = std::min(pause * 2, kPollMax)) {
    auto found = co_await log_.find(id);
    if (!found || found->status == SessionStatus::kRunning ||
        found->status == SessionStatus::kEnded)
      co_return found;
    if (deadline.passed(clock_))
      co_return Error{Fault::kNoCapacity, "the session is still starting", {}, 1};
    co_await net::sleep_for(pause);
  }
}

net::Task<Result<Session>> SessionService::run_create(Session session) {
  PendingCreate pending(*this, session);
  const auto began = clock_.now();
  Error last{Fault::kNoCapacity, "no worker took the session", {}, kRetryAfterSeconds};
  for (int placement = 0; placement < kPlacementsMax; ++placement) {
    const auto worker = co_await place_in_turn(session, pending.waiting());
    if (!worker) {
      last = worker.error();
      break;
    }
    pending.placed_on(worker->id);
    if (placement == 0)
      metrics_.observe("pbaas_create_seconds", {{"phase", "queue"}}, seconds(clock_.now() - began));
    auto running = co_await start_on(*worker, session);
    if (running || running.error().fault != Fault::kNoCapacity) {
      pending.done();
      if (!running)
        metrics_.count("pbaas_creates_refused_total",
                       {{"reason", std::string(reason_word(running.error().fault))}});
      co_return running;
    }
  }
  pending.done();
  refuse(std::move(session), last);
  co_return last;
}

net::Task<Result<store::WorkerStatus>> SessionService::place_in_turn(const Session& session,
                                                                     Waiting& waiting) {
  if (draining_) co_return draining_error();
  if (queue_.empty()) {
    auto placed = co_await fleet_.place(session.id);
    if (placed || placed.error().fault != Fault::kNoCapacity) co_return placed;
  }
  const auto deadline = Deadline::after(clock_, session.options.queue_timeout);
  auto ticket = queue_.join(session.owner, [&waiting] { waiting.turn->set(); });
  if (!ticket) co_return ticket.error();
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
    const auto fault = running.error().fault;
    if (fault == Fault::kNoCapacity || fault == Fault::kDraining)
      co_await fleet_.release(session.id);
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

void SessionService::refuse(Session session, const Error& error) {
  metrics_.count("pbaas_creates_refused_total",
                 {{"reason", std::string(reason_word(error.fault))}});
  if (session.end(EndReason::kAbandoned, clock_.wall(), error.detail)) log_.record(session);
}

net::Task<Result<Session>> SessionService::find(const SessionId& id, const std::string& owner) {
  const auto where = co_await fleet_.find(id);
  if (where && where->owner == owner) {
    auto live = co_await workers_.describe(where->worker, id);
    if (live) co_return live;
  }
  auto logged = co_await log_.find(id);
  if (logged && logged->owner != owner)
    co_return Error{Fault::kNoSuchSession, "there is no session with this id"};
  co_return logged;
}

net::Task<Result<Session>> SessionService::end(const SessionId& id, const std::string& owner) {
  auto session = co_await find(id, owner);
  if (!session || session->status == SessionStatus::kEnded) co_return session;
  if (const auto waiting = waiting_.find(id); waiting != waiting_.end()) {
    session->end(EndReason::kClientRequest, clock_.wall());
    log_.record(*session);
    waiting->second->ended = *session;
    waiting->second->turn->set();
    co_return session;
  }
  if (!session->worker) co_return session;
  auto ended = co_await workers_.end(*session->worker, id, EndReason::kClientRequest);
  if (ended || ended.error().fault != Fault::kNoSuchSession) co_return ended;
  co_return co_await log_.find(id);  // It ended by itself in the meantime.
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
