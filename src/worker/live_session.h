// A LiveSession is a session on this worker, from the moment it has a slot until its browser is
// gone. Held by shared_ptr: the launch, the ending and whoever awaits either may each be the last
// to need it. Loop thread only.
#pragma once

#include <memory>
#include <optional>

#include "browser/launcher.h"
#include "net/event.h"
#include "net/relay_group.h"
#include "session/session.h"
#include "worker/recordings.h"
#include "worker/slots.h"

namespace pbaas::worker {

struct LiveSession {
  LiveSession(net::Loop& loop, session::Session started, Slot taken)
      : record(std::move(started)),
        slot(std::move(taken)),
        logged(loop),
        ended(loop),
        launched(loop),
        settled(loop),
        relays_left(loop),
        gone(loop) {}

  bool running() const { return record.status == session::SessionStatus::kRunning; }

  session::Session record;
  std::optional<Slot> slot;  // until the browser is gone
  std::unique_ptr<browser::Browser> browser;
  std::shared_ptr<net::RelayGroup> relays;
  std::shared_ptr<Recordings::Running> recording;  // where it is recorded, until it has ended
  session::Lifetime lifetime{};
  session::Traffic logged_traffic{};  // as the session log has it
  session::ResourceUse logged_use{};  // the same

  net::Event logged;       // its row is in the log, as far as the log can write
  net::Event ended;        // the session has ended: stops a launch under way
  net::Event launched;     // the launch is over, well or not: for its own ending
  net::Event settled;      // it runs or has ended: for who awaits the start
  net::Event relays_left;  // no relay is open any more
  net::Event gone;         // the process tree and the profile are gone
};

}  // namespace pbaas::worker
