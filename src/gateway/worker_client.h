// What a gateway asks of a worker. Embedded it is a call; over several machines it is HTTP. Loop
// thread only.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/relay_group.h"
#include "net/task.h"
#include "session/session.h"

namespace pbaas::gateway {

// Where to connect to for a session's browser.
struct BrowserEndpoint {
  std::string host;  // an IP address
  session::BrowserAddress browser;
  std::shared_ptr<net::RelayGroup> relays;
};

// `worker` is the id of the worker. Errors: kNoSuchSession where it does not have the session,
// kNoCapacity and kDraining where it refuses, kLaunchFailed, kBrowserUnreachable where the worker
// does not answer.
class WorkerClient {
 public:
  virtual ~WorkerClient() = default;

  // Gives the session as it runs. Cancelling stops the waiting, not the start: end the session
  // then.
  virtual net::Task<Result<session::Session>> start(const std::string& worker,
                                                    session::Session session) = 0;
  virtual net::Task<Result<session::Session>> end(const std::string& worker,
                                                  const SessionId& session,
                                                  session::EndReason reason) = 0;
  // Ends a session whose deadline has passed; else gives its next deadline.
  virtual net::Task<Result<std::optional<Instant>>> end_if_due(const std::string& worker,
                                                               const SessionId& session) = 0;
  virtual net::Task<Result<session::Session>> describe(const std::string& worker,
                                                       const SessionId& session) = 0;
  virtual net::Task<Result<BrowserEndpoint>> endpoint(const std::string& worker,
                                                      const SessionId& session) = 0;
};

}  // namespace pbaas::gateway
