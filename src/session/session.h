// A session's record: everything `GET /session/{id}` shows and the session log keeps, and the rules
// by which it moves from one state to the next. Pure: no I/O, no clock of its own.
//
//   queued ─▶ starting ─▶ running ─▶ ended(reason)
//      └──────────┴──────────────────────▲
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/ids.h"
#include "session/end_reason.h"
#include "session/options.h"

namespace pbaas::session {

enum class SessionStatus { kQueued, kStarting, kRunning, kEnded };

std::string_view to_word(SessionStatus status);
std::optional<SessionStatus> status_from_word(std::string_view word);

// What passed between the clients and the browser, summed over all relays of the session.
struct Traffic {
  std::uint64_t messages_up = 0;    // client to browser
  std::uint64_t messages_down = 0;  // browser to client
  std::uint64_t bytes_up = 0;
  std::uint64_t bytes_down = 0;
  bool operator==(const Traffic&) const = default;
};

// What the session's browser took, as far as something counts it: its egress proxy the bytes, its
// cgroup the rest. None of it ever falls.
struct ResourceUse {
  std::optional<std::uint64_t> egress_bytes_up{};    // to servers
  std::optional<std::uint64_t> egress_bytes_down{};  // from servers
  std::optional<Duration> cpu{};                     // user and system, of all processes
  std::optional<std::uint64_t> peak_memory_bytes{};  // of all processes and the profile together
  bool operator==(const ResourceUse&) const = default;
};

// Whether it is worth a write of the session's row: even an idle browser takes a little processor
// time all the while.
bool has_grown(const ResourceUse& before, const ResourceUse& now);

// What starting a browser gives: where it listens and who it is.
struct BrowserAddress {
  int debug_port = 0;
  std::string guid;
  bool operator==(const BrowserAddress&) const = default;
};

struct Session {
  SessionId id;
  std::string owner{};  // The tenant, from the API key; empty where no keys are set.
  SessionStatus status = SessionStatus::kQueued;
  SessionOptions options{};
  std::optional<std::string> worker{};
  std::string worker_epoch{};  // which run of the worker has it; for the log, not for clients
  std::optional<BrowserAddress> browser{};
  bool warm = false;  // whether its browser was there already when it was asked for
  std::optional<EndReason> end_reason{};
  // For people, such as the last lines Chromium wrote when it did not start.
  std::string end_detail{};
  WallTime created_at{};
  std::optional<WallTime> started_at{};
  std::optional<WallTime> ended_at{};
  std::optional<WallTime> expires_at{};
  Traffic traffic{};
  ResourceUse use{};
  int connections = 0;  // Open client connections now.
  bool operator==(const Session&) const = default;

  // Each says whether it moved: a session only moves forward, and it ends once. The caller persists
  // what moved.
  bool start(std::string worker_id, std::string epoch);
  bool run(BrowserAddress address, WallTime now);
  bool end(EndReason reason, WallTime now, std::string detail = {});
};

// When a running session must end, and why. Instants are of the clock of whoever runs the session.
struct Lifetime {
  Instant started;
  Instant last_client_message;  // At first the moment it started.
  std::chrono::seconds timeout;
  std::chrono::seconds idle_timeout;

  Instant session_deadline() const { return started + timeout; }
  Instant idle_deadline() const { return last_client_message + idle_timeout; }
  Instant next_deadline() const { return std::min(session_deadline(), idle_deadline()); }
  // The reason to end at `now`, if there is one; the hard limit is named first.
  std::optional<EndReason> due(Instant now) const;
};

}  // namespace pbaas::session
