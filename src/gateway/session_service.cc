#include "gateway/session_service.h"

#include <algorithm>

#include "base/log.h"

namespace pbaas::gateway {
namespace {

using session::EndReason;
using session::Session;
using session::SessionStatus;

// A worker may refuse what the fleet believed possible; another try then finds another worker or
// the queue.
constexpr int kPlacementsMax = 5;
// A create whose worker was lost under it begins anew, as another session.
constexpr int kCreatesMax = 4;
// How long a worker that did not answer is passed over. Its heartbeat, or the end of it, tells
// more.
constexpr Duration kAvoidFor{5'000};
// The same of one that refused what the fleet believed possible.
constexpr Duration kAvoidRefusingFor{500};
// The distance between questions for a slot: each place further back may ask later.
constexpr Duration kAskFirst{50};
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

// Whether nobody knows if the worker has the session: it must not be given to another.
bool is_in_doubt(const Error& error) {
  return error.fault == Fault::kBrowserUnreachable || error.fault == Fault::kNoSuchWorker;
}

Duration pause_at(std::size_t position) {
  const auto pause = kAskFirst * (1 + static_cast<int>(std::min<std::size_t>(position, 100)) / 4);
  return std::min(pause, store::Fleet::kAskAgain);
}

}  // namespace

// A create while it waits for its slot.
struct SessionService::Waiting {
  explicit Waiting(net::Loop& loop) : turn(std::in_place, loop) {}
  std::optional<net::Event> turn;
  bool in_queue = false;
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
  void placed_on(const store::WorkerRef& worker) {
    service_.waiting_.erase(session_.id);
    worker_ = worker;
  }
  // The worker did not take it after all.
  void waits_again() {
    worker_.reset();
    waiting_.turn.emplace(service_.loop_);
    service_.waiting_[session_.id] = &waiting_;
  }
  // A worker has no room for its recordings: another may have, but it is not waited for.
  void passes_over(const std::string& worker, const Error& why) {
    passed_over_.push_back(worker);
    no_room_ = why;
  }
  const std::vector<std::string>& passed_over() const { return passed_over_; }
  const std::optional<Error>& no_room() const { return no_room_; }
  // It runs, or somebody else has recorded its end.
  void done() { done_ = true; }
  // What the fleet has given it is given back, a place in the queue or a slot on a worker.
  void refuse(const Error& error) {
    // A worker that may have it is told so by the log, if by nobody else.
    if (is_in_doubt(error)) logged_ = true;
    end(error.detail);
    done();
    service_.tasks_.spawn("refuse", service_.clean_up(session_.id, worker_));
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
  std::optional<store::WorkerRef> worker_;
  std::vector<std::string> passed_over_;
  std::optional<Error> no_room_;
  bool logged_ = false;
  bool done_ = false;
};

SessionService::SessionService(net::Loop& loop, const Clock& clock, store::Fleet& fleet,
                               store::SessionLog& log, WorkerClient& workers,
                               WorkerDirectory& directory, Metrics& metrics)
    : loop_(loop),
      clock_(clock),
      fleet_(fleet),
      log_(log),
      workers_(workers),
      directory_(directory),
      metrics_(metrics),
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
  Error last{Fault::kNoCapacity, "no worker answered", {}, kRetryAfterSeconds};
  const auto deadline = Deadline::after(clock_, options.queue_timeout);
  for (int attempt = 0; attempt < kCreatesMax; ++attempt) {
    PendingCreate pending(*this, new_session(options, owner));
    auto created = co_await run_create(pending, deadline);
    if (created || !is_in_doubt(created.error())) co_return created;
    if (deadline.passed(clock_)) break;
  }
  count_refused(last);
  co_return last;
}

net::Task<Result<Session>> SessionService::create_once(session::SessionOptions options,
                                                       store::IdempotencyKey key) {
  const auto in_turn = Deadline::after(clock_, options.queue_timeout);
  const auto deadline = Deadline::after(clock_, options.queue_timeout + kOtherLaunchMax);
  for (int attempt = 0; attempt < kKeyAttemptsMax; ++attempt) {
    PendingCreate pending(*this, new_session(options, key.owner));
    // From here on: the store goes on inserting, whoever stops waiting for it.
    pending.is_logged();
    const auto first = co_await log_.insert_once(pending.session(), key);
    if (first && !*first) {
      auto created = co_await run_create(pending, in_turn);
      // That it ran outlives this process before anybody is told: the key is this session's.
      if (created) co_await log_.written();
      if (created || !is_in_doubt(created.error())) co_return created;
      if (in_turn.passed(clock_)) break;
      // Its end is in the log, and gives the key back, before the next try.
      (void)co_await log_.flush();
      continue;
    }
    // A key that may have been taken all the same is given back.
    if (!first) pending.refuse(first.error());
    if (!first) co_return first.error();
    pending.done();
    if ((*first)->request_hash != key.request_hash) co_return key_mismatch();
    const auto other = co_await await_other((*first)->session.id, deadline);
    if (!other || !never_ran(*other)) co_return other;
    // The other create came to nothing and gave its key back: this one's turn.
  }
  const Error last{
      Fault::kNoCapacity, "no create under this key gave a browser", {}, kRetryAfterSeconds};
  count_refused(last);
  co_return last;
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

net::Task<Result<Session>> SessionService::run_create(PendingCreate& pending, Deadline deadline) {
  const auto began = clock_.now();
  Error last{Fault::kNoCapacity, "no worker took the session", {}, kRetryAfterSeconds};
  for (int placement = 0; placement < kPlacementsMax; ++placement) {
    const auto worker = co_await place_in_turn(pending, deadline);
    if (!worker) {
      last = worker.error();
      break;
    }
    pending.placed_on(*worker);
    const std::chrono::duration<double> waited = clock_.now() - began;
    metrics_.observe("pbaas_create_seconds", {{"phase", "queue"}}, waited.count());
    auto running = co_await start_on(*worker, pending.session());
    if (running || is_recorded_by_worker(running.error())) {
      pending.done();
      if (!running) count_refused(running.error());
      co_return running;
    }
    last = running.error();
    if (is_in_doubt(last)) break;
    pending.waits_again();
    if (last.fault == Fault::kRecordingsFull) {
      pending.passes_over(worker->id, last);
      continue;
    }
    if (last.fault != Fault::kNoCapacity && last.fault != Fault::kDraining) break;
  }
  if (!is_in_doubt(last)) count_refused(last);
  pending.refuse(last);
  co_return last;
}

net::Task<Result<store::WorkerRef>> SessionService::place_in_turn(PendingCreate& pending,
                                                                  Deadline deadline) {
  const auto& session = pending.session();
  if (draining_) co_return draining_error();
  auto avoid = to_avoid();
  avoid.insert(avoid.end(), pending.passed_over().begin(), pending.passed_over().end());
  const auto placed = co_await fleet_.place(session.id, session.owner, avoid);
  if (pending.waiting().ended) co_return ended_error(*pending.waiting().ended);
  if (!placed) co_return placed.error();
  if (placed->worker) {
    directory_.note(placed->worker->worker);
    co_return placed->worker->worker;
  }
  if (pending.no_room()) co_return *pending.no_room();
  pending.log();
  pending.waiting().in_queue = true;
  auto turn = co_await wait_for_turn(pending, deadline, placed->position);
  pending.waiting().in_queue = false;
  co_return turn;
}

net::Task<Result<store::WorkerRef>> SessionService::wait_for_turn(PendingCreate& pending,
                                                                  Deadline deadline,
                                                                  std::size_t position) {
  const auto& session = pending.session();
  auto& waiting = pending.waiting();
  for (;;) {
    const auto ask_again = Deadline::after(clock_, pause_at(position));
    co_await waiting.turn->wait(deadline.earlier(ask_again));
    if (waiting.ended) co_return ended_error(*waiting.ended);
    if (draining_) co_return draining_error();
    if (deadline.passed(clock_)) co_return no_slot_in_time(session);
    const auto avoid = to_avoid();
    const auto placed = co_await fleet_.place(session.id, session.owner, avoid);
    if (waiting.ended) co_return ended_error(*waiting.ended);
    // A fleet that is away for a moment costs a create that waits nothing but time.
    if (!placed && placed.error().fault != Fault::kStoreUnavailable) co_return placed.error();
    if (placed && placed->worker) {
      directory_.note(placed->worker->worker);
      co_return placed->worker->worker;
    }
    if (placed) position = placed->position;
    // Only now: a turn that came while it asked was of no use, as where the free slot is one to be
    // avoided, and must not have it ask again at once.
    waiting.turn.emplace(loop_);
  }
}

net::Task<Result<Session>> SessionService::start_on(store::WorkerRef worker,
                                                    const Session& session) {
  auto running = co_await workers_.start(worker, session);
  if (!running) {
    const auto& error = running.error();
    // A worker that took the session gives its place back when the browser is gone; one that
    // refused never had it.
    const bool refused = !is_recorded_by_worker(error) && !is_in_doubt(error);
    if (is_in_doubt(error)) avoided_[worker.id] = clock_.now() + kAvoidFor;
    const bool is_busy = refused && error.fault != Fault::kRecordingsFull;
    if (is_busy) avoided_[worker.id] = clock_.now() + kAvoidRefusingFor;
    if (refused) (void)co_await fleet_.release(session.id);
    co_return running;
  }
  const auto next_deadline =
      clock_.now() + std::min(session.options.timeout, session.options.idle_timeout);
  const store::SessionPlace where{session.id, worker, *running->browser, next_deadline,
                                  session.owner};
  const auto published = co_await fleet_.publish(where);
  if (!published)
    log::warn("publish_failed",
              {{"session", session.id.text()}, {"why", published.error().detail}});
  co_return running;
}

net::Task<void> SessionService::clean_up(SessionId id, std::optional<store::WorkerRef> worker) {
  if (worker) {
    const auto ended = co_await workers_.end(*worker, id, EndReason::kAbandoned);
    if (ended) co_return;  // Its place is given back when its browser is gone.
  }
  (void)co_await fleet_.release(id);
}

std::vector<std::string> SessionService::to_avoid() {
  std::erase_if(avoided_, [now = clock_.now()](const auto& each) { return each.second <= now; });
  std::vector<std::string> ids;
  for (const auto& [id, until] : avoided_) ids.push_back(id);
  return ids;
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
    directory_.note(where->worker);
    auto live = co_await workers_.describe(where->worker, id);
    if (live) co_return live;
  }
  auto logged = co_await log_.find(id);
  const bool unknown = !logged && logged.error().fault == Fault::kNoSuchSession;
  // The same words for both, or a stranger could tell one from the other.
  if (unknown || (logged && logged->owner != owner)) co_return no_such_session();
  if (!logged || where || logged->status == SessionStatus::kEnded) co_return logged;
  // The fleet is away, or has lost everything and not yet heard of the session again.
  const auto worker = worker_of(*logged);
  if (!worker) co_return logged;
  auto live = co_await workers_.describe(*worker, id);
  if (live) co_return live;
  co_return logged;
}

std::optional<store::WorkerRef> SessionService::worker_of(const Session& session) const {
  if (!session.worker) return std::nullopt;
  return directory_.find(session::WorkerRun{*session.worker, session.worker_epoch});
}

net::Task<Result<Session>> SessionService::end(const SessionId& id, const std::string& owner) {
  auto session = co_await find(id, owner);
  if (!session || session->status == SessionStatus::kEnded) co_return session;
  if (const auto waiting = waiting_.find(id); waiting != waiting_.end()) {
    auto ended = end_waiting(*waiting->second, std::move(*session));
    co_await log_.written();
    co_return ended;
  }
  // It may have been placed while the log was asked, which knows its worker by now.
  if (!session->worker) session = co_await log_.find(id);
  if (!session || session->status == SessionStatus::kEnded) co_return session;
  co_return co_await end_on_worker(*session);
}

net::Task<Result<Session>> SessionService::end_on_worker(const Session& session) {
  const auto id = session.id;
  const auto worker = worker_of(session);
  if (!worker) {
    co_return Error{Fault::kSessionNotRunning, "the session is being placed; try again", {}, 1};
  }
  auto ended = co_await workers_.end(*worker, id, EndReason::kClientRequest);
  const bool gone = !ended && (ended.error().fault == Fault::kNoSuchSession ||
                               ended.error().fault == Fault::kNoSuchWorker);
  if (!gone) co_return ended;
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
    auto endpoint = co_await workers_.endpoint(*where);
    if (endpoint) co_return endpoint;
  }
  const auto session = co_await find(id, owner);
  if (!session) co_return session.error();
  if (session->status == SessionStatus::kEnded) co_return ended_error(*session);
  const auto worker = worker_of(*session);
  if (!where && worker && session->status == SessionStatus::kRunning) {
    const store::SessionPlace place{id, *worker, *session->browser, {}, owner};
    co_return co_await workers_.endpoint(place);
  }
  co_return Error{
      Fault::kSessionNotRunning, "the session is " + std::string(to_word(session->status)), {}, 1};
}

void SessionService::stop_admitting() {
  draining_ = true;
  for (const auto& [id, waiting] : waiting_) waiting->turn->set();
}

void SessionService::wake(const SessionId& id) {
  const auto waiting = waiting_.find(id);
  if (waiting != waiting_.end()) waiting->second->turn->set();
}

std::size_t SessionService::waiting() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(waiting_, [](const auto& each) { return each.second->in_queue; }));
}

}  // namespace pbaas::gateway
