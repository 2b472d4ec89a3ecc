// A Worker owns the browsers of one machine and is the truth about them: it admits a session to a
// slot, has its browser launched, watches over it, and ends it, once. Loop thread only; outlives
// the tasks it spawned, so destroy it only after `drain` is done. Outlived by whatever it was
// given.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "net/task_group.h"
#include "store/fleet.h"
#include "store/session_log.h"
#include "worker/live_session.h"
#include "worker/warm_pool.h"

namespace pbaas::worker {

struct WorkerConfig {
  std::string id;
  std::string address{};  // host:port of its control API; empty where there is none
  int capacity = 20;
  std::string version{};
  // A session that ends with its last client waits so long for one that left without a Close: its
  // gateway may have died, and the client is about to come back through another.
  Duration reconnect_grace{0};
  // A gateway's sweeper ends what is due; the worker does so itself this long after, in case every
  // gateway is gone.
  Duration hard_limit_slack{5'000};
  WarmConfig warm{};
};

// Where a session's browser listens, and what counts and ends the relays to it.
struct Attachment {
  session::BrowserAddress browser;
  std::shared_ptr<net::RelayGroup> relays;
  net::Dialer dial{};  // how it is reached, where that is not by TCP from here
};

class Worker {
 public:
  Worker(net::Loop& loop, const Clock& clock, WorkerConfig config, browser::Launcher& launcher,
         store::SessionLog& log, Metrics& metrics);

  // Has sessions recorded that ask for it; before the first start. It must outlive the worker.
  void record_with(Recordings& recordings) { recordings_ = &recordings; }

  // Takes a slot and has the session's browser started, or gives it one that waits for its like.
  // Cancelling stops the waiting, not the start: whoever cancels ends the session. Errors:
  // kNoCapacity, kDraining, kLaunchFailed, kSessionEnded (ended by somebody before it ran),
  // kRecordingsFull.
  net::Task<Result<session::Session>> start(session::Session session);
  // Ends a session and gives it as it ended; its browser goes in the background. Errors:
  // kNoSuchSession.
  Result<session::Session> end(const SessionId& id, session::EndReason reason,
                               std::string detail = {});
  // The same for whoever tells a client: done when the log keeps the end, even if this process is
  // killed at the next moment.
  net::Task<Result<session::Session>> end_for_client(SessionId id, session::EndReason reason);
  // Ends a session whose deadline has passed, else gives its next deadline. Errors: kNoSuchSession.
  Result<std::optional<Instant>> end_if_due(const SessionId& id);
  // Errors: kNoSuchSession.
  Result<session::Session> describe(const SessionId& id);
  // Errors also: kSessionEnded, kSessionNotRunning.
  Result<Attachment> attach(const SessionId& id);
  std::vector<session::Session> list();
  // All that hold a slot: those that start, run, or have ended and are not gone.
  std::vector<SessionId> held() const;
  // Where a running session is, for the fleet. Errors: kNoSuchSession.
  Result<store::SessionPlace> place(const SessionId& id);
  store::WorkerStatus status() const;
  // Where its control API is reached, once that is known; before the first heartbeat.
  void set_address(std::string address) { config_.address = std::move(address); }
  session::WorkerRun run() const { return {config_.id, epoch_}; }

  // Spares that start now.
  int spares_starting() const { return spares_.starting(); }

  // No new sessions from now on, nor spares for any.
  void stop_admitting();
  // The lease of the fleet has run out: all sessions end as `worker_lost`.
  void end_all(session::EndReason reason, const std::string& detail);
  // Whether the worker holds its lease; without it it starts nothing.
  void set_leased(bool leased) { leased_ = leased; }
  // Waits until every session has ended and every browser is gone; at the deadline the rest end as
  // `drained`.
  net::Task<void> drain(std::function<Deadline()> deadline);

  // Called when an ended session's browser is gone and its slot is free again.
  void on_gone(std::function<void(const session::Session&)> callback) {
    on_gone_ = std::move(callback);
  }
  // To be called a few times a second: limits, spares, and the counters in the session log.
  void tick();

 private:
  using Live = std::shared_ptr<LiveSession>;

  Live find(const SessionId& id);
  Status may_start(const session::Session& session);
  Live admit(session::Session session, Slot slot);
  // What came of a session's wait for a browser; nothing where its end came first.
  struct Launched {
    std::optional<Result<std::unique_ptr<browser::Browser>>> browser;
    bool warm = false;
  };

  net::Task<void> launch(Live live);
  net::Task<void> launch_browser(const session::Session& session, Launched& launched);
  net::Task<void> record(Live live, std::shared_ptr<browser::CdpPipe> pipe);
  net::Task<void> until_ended(Live live);
  void run_in(const Live& live, std::unique_ptr<browser::Browser> browser, bool warm);
  net::Task<void> log_start(Live live);
  net::Task<void> written();
  void end_live(const Live& live, session::EndReason reason, std::string detail);
  net::Task<void> dismantle(Live live);
  void browser_exited(const Live& live, const browser::BrowserExit& exit);
  void last_client_left(const Live& live);
  net::Task<void> await_return(Live live);
  void refresh(LiveSession& live);
  void measure(LiveSession& live);
  void log_counts(LiveSession& live);

  net::Loop& loop_;
  const Clock& clock_;
  WorkerConfig config_;
  const std::string epoch_;
  browser::Launcher& launcher_;
  store::SessionLog& log_;
  Metrics& metrics_;
  Recordings* recordings_ = nullptr;
  bool draining_ = false;
  bool leased_ = true;
  Slots slots_;
  int launching_ = 0;  // sessions that wait for their browser
  WarmPool spares_;
  std::map<SessionId, Live> sessions_;
  std::function<void(const session::Session&)> on_gone_;
  Instant next_log_ = {};
  net::TaskGroup tasks_;
};

}  // namespace pbaas::worker
