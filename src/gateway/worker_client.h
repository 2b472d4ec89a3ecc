// What a gateway asks of a worker. Embedded it is a call; over several machines it is HTTP. Loop
// thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/endpoint.h"
#include "net/http.h"
#include "net/relay_group.h"
#include "net/task.h"
#include "session/lost_workers.h"
#include "session/session.h"
#include "store/fleet.h"

namespace pbaas::gateway {

// Where to connect to for a session's browser: Chromium itself, or its worker, which leads on to
// it.
struct BrowserEndpoint {
  net::Endpoint at;
  session::BrowserAddress browser;
  std::shared_ptr<net::RelayGroup> relays;
  bool through_worker = false;
  std::string base{};      // what Chromium's paths are below there
  net::Headers headers{};  // to be sent along
};

// Errors: kNoSuchSession where the worker does not have the session, kNoSuchWorker where another
// run of it answers, kNoCapacity and kDraining where it refuses, kLaunchFailed, kBrowserUnreachable
// where it does not answer.
class WorkerClient {
 public:
  virtual ~WorkerClient() = default;

  // Gives the session as it runs. Cancelling stops the waiting, not the start: end the session
  // then.
  virtual net::Task<Result<session::Session>> start(const store::WorkerRef& worker,
                                                    session::Session session) = 0;
  virtual net::Task<Result<session::Session>> end(const store::WorkerRef& worker,
                                                  const SessionId& session,
                                                  session::EndReason reason) = 0;
  // Ends a session whose deadline has passed; else gives its next deadline.
  virtual net::Task<Result<std::optional<Instant>>> end_if_due(const store::WorkerRef& worker,
                                                               const SessionId& session) = 0;
  virtual net::Task<Result<session::Session>> describe(const store::WorkerRef& worker,
                                                       const SessionId& session) = 0;
  virtual net::Task<Result<BrowserEndpoint>> endpoint(const store::SessionPlace& place) = 0;
  // The worker takes no new sessions from now on, and ends what is left after DRAIN_TIMEOUT.
  virtual net::Task<Status> drain(const store::WorkerRef& worker) = 0;
  // Asks at that address whether the run is there.
  virtual net::Task<session::ProbeAnswer> probe(const store::WorkerRef& worker) = 0;
  // The runs to whose browsers somebody is connected through here.
  virtual std::vector<session::WorkerRun> relayed_runs() const = 0;
  // The run is lost: whoever is connected to its browsers through here is told.
  virtual void close_relays(const session::WorkerRun& run) = 0;
};

}  // namespace pbaas::gateway
