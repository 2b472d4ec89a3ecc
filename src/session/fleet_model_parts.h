// What the model of the fleet is made of: see fleet_model.h.
#pragma once

#include <optional>

#include "session/lost_workers.h"
#include "session/worker_lease.h"

namespace pbaas::session::model {

// What holds the fleet together. The test takes one away at a time, and the search must notice.
struct Rules {
  bool epoch_is_checked = true;           // a worker refuses a command for another run
  bool end_is_conditional = true;         // a row that ended is not ended again
  bool silence_is_not_absence = true;     // a fleet that cannot be asked names nobody missing
  bool replaced_run_is_asked = true;      // another run in its place makes a gateway ask, no more
  bool missing_run_is_asked = true;       // to be missing from the fleet alone loses nobody
  bool lease_counts_from_sending = true;  // and not from the answer to the heartbeat
  bool worker_compares_with_log = true;   // and closes what has ended there
  bool lost_rows_are_ended = true;        // by any gateway
};

inline constexpr int kKeyTicks = LostWorkers::kHeartbeatsToLive;
// Longer than it takes to call a run lost that nobody can ask, as the default WORKER_LEASE is.
inline constexpr int kLeaseTicks = 6;
inline constexpr int kSessionTicks = 8;
inline constexpr int kClaimTicks = 2;
inline constexpr int kStartTicks = 3;     // a row without a browser is then a leftover
inline constexpr int kDelayTicksMax = 1;  // for longer, nothing is on its way: the line was cut
inline constexpr int kEpochs = 3;
inline constexpr Duration kTick{1'000};

inline Instant at(int tick) {
  return Instant{tick * kTick};
}
inline WorkerRun run_of(int epoch) {
  return {"w", std::to_string(epoch)};
}

struct Message {
  enum class Kind { kHeartbeat, kStart, kEnd, kEndRow } kind;
  int epoch;  // of the run it is from, or for
  int sent;
  int gateway;  // whose command it is
  auto operator<=>(const Message&) const = default;
};

struct Worker {
  bool alive = true;
  int epoch = 1;
  bool browser = false;
  bool had_session = false;  // a run takes each session once
  int deadline = 0;
  int acknowledged = 0;  // when the last heartbeat that the fleet took was sent
  WorkerLease lease{kLeaseTicks * kTick, at(0)};
};

struct Redis {
  struct Key {
    int epoch;
    int expires;
  };
  struct Place {
    int epoch;
    int due;
  };
  bool up = true;
  std::optional<Key> worker{};
  std::optional<Place> place{};
};

struct Row {
  enum class State { kNone, kOpen, kEnded } state = State::kNone;
  int epoch = 0;
  int created = 0;
};

struct Gateway {
  LostWorkers runs{kTick};
  bool has_read = false;  // log and fleet, and is about to judge
  bool saw_other_run = false;
  bool saw_it_missing = false;
  bool waits_for_start = false;
  bool reaches_worker = true;
};

struct Step {
  enum class Kind {
    kTick,
    kRound,  // everything arrives, everybody does its turn, and a tick passes
    kDeliver,
    kCreate,
    kAbandon,
    kRead,
    kJudge,
    kSweep,
    kCompare,
    kRestart,
    kRestartWithoutLog,
    kHeal,
    // The rest are faults.
    kDeliverAndKeep,
    kCrashWorker,
    kCrashGateway,
    kCutWorkerFromRedis,
    kCutGatewayFromWorker,
    kStopRedis,
    kFlushRedis,
  } kind;
  int which = 0;  // message or gateway
};

}  // namespace pbaas::session::model
