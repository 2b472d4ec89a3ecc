#include "worker/worker.h"

#include <boost/asio/post.hpp>
#include <utility>

#include "base/log.h"
#include "net/finish_by.h"

namespace pbaas::worker {
namespace {

using session::EndReason;
using session::Session;

// How long an ended session's clients are given to take the end of a frame and their Close before
// the browser is killed.
constexpr Duration kFarewell{500};
// Longer than any launch: the launcher has its own, shorter limit.
constexpr Duration kLaunchMax{120'000};
// A killed process tree is gone in 22 ms. What is not gone after an hour is stuck in the kernel,
// and its slot is given up.
constexpr Duration kGoneMax{3'600'000};
constexpr Duration kLogInterval{5'000};
// How long an answer waits for the log to be written. It takes some 0.1 ms.
constexpr Duration kWriteMax{1'000};
constexpr Duration kDrainPoll{50};

Error no_such_session() {
  return {Fault::kNoSuchSession, "this worker has no such session"};
}

Error ended(const Session& session) {
  Error error{Fault::kSessionEnded, "the session has ended"};
  error.end_reason = std::string(to_word(*session.end_reason));
  error.detail += ": " + error.end_reason;
  return error;
}

EndReason reason_of(browser::ExitCause cause) {
  switch (cause) {
    case browser::ExitCause::kClosed:
      return EndReason::kBrowserClosed;
    case browser::ExitCause::kCrashed:
      return EndReason::kBrowserCrashed;
    case browser::ExitCause::kHung:
      return EndReason::kBrowserHung;
    case browser::ExitCause::kOutOfMemory:
      return EndReason::kOutOfMemory;
  }
  return EndReason::kBrowserCrashed;
}

}  // namespace

Worker::Worker(net::Loop& loop, const Clock& clock, WorkerConfig config,
               browser::Launcher& launcher, store::SessionLog& log, Metrics& metrics)
    : loop_(loop),
      clock_(clock),
      config_(std::move(config)),
      epoch_(random_hex_128()),
      launcher_(launcher),
      log_(log),
      metrics_(metrics),
      slots_(config_.capacity),
      spares_(loop, clock, launcher, metrics, config_.warm),
      tasks_(loop) {}

net::Task<Result<Session>> Worker::start(Session session) {
  if (const auto may = may_start(session); !may) co_return may.error();
  auto slot = slots_.take();
  if (!slot) co_return Error{Fault::kNoCapacity, "the worker has no free slot"};
  const auto live = admit(std::move(session), std::move(*slot));
  const auto deadline = Deadline::after(clock_, kLaunchMax);
  const bool settled = co_await live->settled.wait(deadline);
  if (!settled) end_live(live, EndReason::kLaunchFailed, "Chromium did not start in time");
  // That it runs is written a moment later: a kill in between leaves it as one that was starting.
  co_await live->logged.wait(Deadline::after(clock_, kWriteMax));
  if (live->running()) co_return live->record;
  co_await written();
  if (live->record.end_reason == EndReason::kLaunchFailed) {
    co_return Error{Fault::kLaunchFailed, live->record.end_detail};
  }
  co_return Error{Fault::kSessionEnded, "the session was ended before its browser ran"};
}

Status Worker::may_start(const Session& session) {
  if (draining_) return Error{Fault::kDraining, "the worker takes no new sessions"};
  if (!leased_) return Error{Fault::kNoCapacity, "the worker is cut off from the fleet"};
  if (find(session.id)) return Error{Fault::kInternal, "the worker has the session already"};
  if (!session.options.record) return {};
  if (recordings_) return recordings_->may_record();
  return Error{Fault::kRecordingsFull, "this worker has no MINIO_ENDPOINT, and so records nothing",
               "record"};
}

Worker::Live Worker::admit(Session session, Slot slot) {
  session.start(config_.id, epoch_);
  const auto live = std::make_shared<LiveSession>(loop_, std::move(session), std::move(slot));
  sessions_.emplace(live->record.id, live);
  log_.record(live->record);
  tasks_.spawn("launch", launch(live));
  tasks_.spawn("log", log_start(live));
  return live;
}

// Beside the launch, which takes longer.
net::Task<void> Worker::log_start(Live live) {
  co_await written();
  live->logged.set();
}

net::Task<void> Worker::launch(Live live) {
  const auto began = clock_.now();
  Launched launched;
  ++launching_;
  try {
    auto work = launch_browser(live->record, launched);
    auto race = net::run_unless(std::move(work), until_ended(live));
    co_await std::move(race);
  } catch (const std::exception& problem) {
    launched.browser = Error{Fault::kLaunchFailed, problem.what()};
  }
  --launching_;
  auto& browser = launched.browser;
  if (browser && *browser) {
    const std::chrono::duration<double> taken = clock_.now() - began;
    metrics_.observe("pbaas_create_seconds", {{"phase", launched.warm ? "warm" : "launch"}},
                     taken.count());
    co_await record(live, (**browser)->pipe());
    live->launched.set();
    co_return run_in(live, std::move(**browser), launched.warm);
  }
  live->launched.set();
  // Nothing started, or what did was stopped by the session's end, and is gone.
  live->gone.set();
  if (browser) end_live(live, EndReason::kLaunchFailed, browser->error().detail);
}

// Before anybody else has the browser, so that nothing it does is missed. The session goes on where
// it cannot be recorded.
net::Task<void> Worker::record(Live live, std::shared_ptr<browser::CdpPipe> pipe) {
  const auto& options = live->record.options.record;
  if (!options || !recordings_) co_return;
  try {
    auto starting = recordings_->start(live->record.id, *options, std::move(pipe));
    live->recording = co_await std::move(starting);
  } catch (const std::exception& problem) {
    log::error("recording_failed",
               {{"session", live->record.id.text()}, {"why", std::string(problem.what())}});
  }
}

// Writes its outcome to `launched`, because what run_unless runs gives nothing.
net::Task<void> Worker::launch_browser(const Session& session, Launched& launched) {
  const browser::LaunchSpec spec{session.id, session.options};
  auto spare = co_await spares_.take(spec);
  if (spare) {
    launched = {std::move(spare), true};
    co_return;
  }
  const auto deadline = Deadline::after(clock_, kLaunchMax);
  launched.browser = co_await launcher_.launch(spec, deadline);
}

net::Task<void> Worker::until_ended(Live live) {
  const auto deadline = Deadline::after(clock_, kGoneMax);
  co_await live->ended.wait(deadline);
}

void Worker::run_in(const Live& live, std::unique_ptr<browser::Browser> browser, bool warm) {
  live->browser = std::move(browser);
  live->record.warm = warm;
  // The relays' threads call this, at a time when the session may be long over.
  const std::weak_ptr<LiveSession> weak = live;
  live->relays = std::make_shared<net::RelayGroup>(clock_, [this, &loop = loop_, weak] {
    boost::asio::post(loop, [this, weak] {
      if (const auto left = weak.lock()) last_client_left(left);
    });
  });
  const auto& options = live->record.options;
  live->lifetime = {clock_.now(), clock_.now(), options.timeout, options.idle_timeout};
  const bool runs = live->record.run(live->browser->address(), clock_.wall());
  // Not before the state moved: an exit that already happened is reported at once.
  live->browser->on_exit([this, weak](const browser::BrowserExit& exit) {
    if (const auto exited = weak.lock()) browser_exited(exited, exit);
  });
  // Ended while it started: `dismantle`, which waits for the launch, may have given it up.
  if (!runs) return live->browser->kill();
  log_.record(live->record);
  metrics_.count("pbaas_sessions_created_total",
                 {{"browser", std::string(to_word(options.browser))}});
  live->settled.set();
}

Result<Session> Worker::end(const SessionId& id, EndReason reason, std::string detail) {
  const auto live = find(id);
  if (!live) return no_such_session();
  end_live(live, reason, std::move(detail));
  return live->record;
}

net::Task<Result<Session>> Worker::end_for_client(SessionId id, EndReason reason) {
  auto ended = end(id, reason);
  if (ended) co_await written();
  co_return ended;
}

// A disk that hangs costs a client this long, not its answer.
net::Task<void> Worker::written() {
  auto keeping = log_.written();
  const bool kept = co_await net::finish_by(std::move(keeping), Deadline::after(clock_, kWriteMax));
  if (!kept) log::warn("session_log_slow", {{"waited_ms", kWriteMax.count()}});
}

void Worker::end_live(const Live& live, EndReason reason, std::string detail) {
  measure(*live);
  if (!live->record.end(reason, clock_.wall(), std::move(detail))) return;
  log_.record(live->record);
  log::info("session_ended", {{"session", live->record.id.text()},
                              {"reason", session::to_word(reason)},
                              {"detail", live->record.end_detail}});
  metrics_.count("pbaas_sessions_ended_total",
                 {{"end_reason", std::string(session::to_word(reason))}});
  if (live->relays) {
    live->relays->close_all({session::close_code(reason), std::string(session::to_word(reason))});
  }
  live->ended.set();
  live->settled.set();
  tasks_.spawn("dismantle", dismantle(live));
}

net::Task<void> Worker::dismantle(Live live) {
  co_await live->launched.wait(Deadline::after(clock_, kLaunchMax));
  if (live->relays && live->relays->open() > 0) {
    co_await live->relays_left.wait(Deadline::after(clock_, kFarewell));
  }
  if (const auto recording = std::exchange(live->recording, nullptr))
    co_await recordings_->finish(recording);
  if (live->browser) live->browser->kill();
  const bool gone = co_await live->gone.wait(Deadline::after(clock_, kGoneMax));
  if (!gone) log::error("browser_stuck", {{"session", live->record.id.text()}});
  live->browser.reset();
  live->slot.reset();
  sessions_.erase(live->record.id);
  if (on_gone_) on_gone_(live->record);
}

void Worker::browser_exited(const Live& live, const browser::BrowserExit& exit) {
  live->gone.set();
  auto reason = reason_of(exit.cause);
  // Chromium may crash on its way out; the client that sent Browser.close asked for the end all the
  // same.
  const bool asked = live->relays && live->relays->close_asked();
  if (reason == EndReason::kBrowserCrashed && asked) reason = EndReason::kBrowserClosed;
  end_live(live, reason, exit.detail);
}

void Worker::last_client_left(const Live& live) {
  if (live->relays->open() > 0) return;  // Somebody came in the meantime.
  if (!live->running()) return live->relays_left.set();
  if (live->record.options.on_disconnect != session::OnDisconnect::kEnd) return;
  if (live->relays->left_by_close() || config_.reconnect_grace == Duration{0}) {
    return end_live(live, EndReason::kDisconnected, {});
  }
  tasks_.spawn("await_return", await_return(live));
}

net::Task<void> Worker::await_return(Live live) {
  const auto deadline = Deadline::after(clock_, config_.reconnect_grace);
  // A client that came back and vanished again has a wait of its own, which ends this one.
  const bool ended = co_await live->ended.wait(deadline);
  const bool still_gone = live->relays->open() == 0 && !live->relays->left_by_close();
  if (!ended && still_gone) end_live(live, EndReason::kDisconnected, {});
}

Result<std::optional<Instant>> Worker::end_if_due(const SessionId& id) {
  const auto live = find(id);
  if (!live) return no_such_session();
  if (!live->running()) return std::optional<Instant>{};
  refresh(*live);
  const auto reason = live->lifetime.due(clock_.now());
  if (!reason) return std::optional(live->lifetime.next_deadline());
  end_live(live, *reason, {});
  return std::optional<Instant>{};
}

Result<Session> Worker::describe(const SessionId& id) {
  const auto live = find(id);
  if (!live) return no_such_session();
  measure(*live);
  return live->record;
}

Result<Attachment> Worker::attach(const SessionId& id) {
  const auto live = find(id);
  if (!live) return no_such_session();
  if (live->record.end_reason) return ended(live->record);
  if (!live->running()) return Error{Fault::kSessionNotRunning, "the session is starting", {}, 1};
  return Attachment{*live->record.browser, live->relays, live->browser->dialer()};
}

std::vector<Session> Worker::list() {
  std::vector<Session> list;
  for (const auto& [id, live] : sessions_) {
    measure(*live);
    list.push_back(live->record);
  }
  return list;
}

std::vector<SessionId> Worker::held() const {
  std::vector<SessionId> ids;
  for (const auto& [id, live] : sessions_) ids.push_back(id);
  return ids;
}

Result<store::SessionPlace> Worker::place(const SessionId& id) {
  const auto live = find(id);
  if (!live || !live->running()) return no_such_session();
  refresh(*live);
  return store::SessionPlace{id, status().worker, *live->record.browser,
                             live->lifetime.next_deadline(), live->record.owner};
}

store::WorkerStatus Worker::status() const {
  const auto state = draining_ ? store::WorkerState::kDraining : store::WorkerState::kReady;
  return {{config_.id, epoch_, config_.address},
          state,
          slots_.capacity(),
          slots_.used(),
          config_.version,
          spares_.ready()};
}

void Worker::end_all(EndReason reason, const std::string& detail) {
  const auto sessions = sessions_;
  for (const auto& [id, live] : sessions) end_live(live, reason, detail);
}

void Worker::stop_admitting() {
  draining_ = true;
  spares_.stop();
}

net::Task<void> Worker::drain(std::function<Deadline()> deadline) {
  stop_admitting();
  while (!sessions_.empty() && !deadline().passed(clock_)) co_await net::sleep_for(kDrainPoll);
  end_all(EndReason::kDrained, {});
  const auto is_busy = [this] {
    return !sessions_.empty() || launcher_.live() > 0 || tasks_.running() > 0 || !spares_.idle();
  };
  while (is_busy()) co_await net::sleep_for(kDrainPoll);
}

void Worker::tick() {
  const auto now = clock_.now();
  const bool log_now = now >= next_log_;
  if (log_now) next_log_ = now + kLogInterval;
  const auto sessions = sessions_;
  for (const auto& [id, live] : sessions) {
    if (!live->running()) continue;
    refresh(*live);
    if (const auto reason = live->lifetime.due(now - config_.hard_limit_slack)) {
      end_live(live, *reason, {});
    } else if (log_now) {
      log_counts(*live);
    }
  }
  // A worker without its lease starts nothing, and a create that waits for its start comes first.
  if (leased_ && launching_ == 0) spares_.refill();
}

Worker::Live Worker::find(const SessionId& id) {
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : found->second;
}

void Worker::refresh(LiveSession& live) {
  if (!live.running()) return;
  const auto& counters = live.relays->counters();
  live.record.traffic = {counters.messages_up, counters.messages_down, counters.bytes_up,
                         counters.bytes_down};
  live.record.connections = live.relays->open();
  live.lifetime.last_client_message =
      std::max(live.lifetime.started, live.relays->last_client_message());
}

// Besides, what its browser took, which is read from files of the kernel.
void Worker::measure(LiveSession& live) {
  refresh(live);
  if (live.running()) live.record.use = live.browser->use();
}

void Worker::log_counts(LiveSession& live) {
  measure(live);
  const auto& record = live.record;
  const bool same_traffic = record.traffic == live.logged_traffic;
  if (same_traffic && !session::has_grown(live.logged_use, record.use)) return;
  live.logged_traffic = record.traffic;
  live.logged_use = record.use;
  log_.record(record);
}

}  // namespace pbaas::worker
