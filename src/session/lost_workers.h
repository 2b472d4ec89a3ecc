// Which runs of workers are lost, by all that one gateway has seen of them: in the fleet, and by
// asking them. Each gateway has its own, and several may come to it at once: ending what a lost run
// had is the log's conditional update. Owned by the gateway's watch over workers; loop thread only.
// Pure.
//
// A check, which is made at least once in a heartbeat, goes like this, and in this order: a run
// whose sessions were in the log before the fleet was asked is one that the fleet could have named.
//
//   runs.watch(open runs of the log);
//   runs.fleet_answered(the workers it named, now), or runs.fleet_silent();
//   for each run of the log, if runs.address_to_ask(run):
//     ask there which epoch it is; runs.answered(run, answer, when the question was sent);
//   for each run of the log, if runs.verdict(run) is kLost: end its sessions as worker_lost.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "session/worker_run.h"

namespace pbaas::session {

// A run that the fleet names, and where it is asked.
struct ReportedRun {
  WorkerRun run;
  std::string address;
};

enum class ProbeAnswer {
  kSameEpoch,   // it is that run
  kOtherEpoch,  // another run answers at that run's address, so that run is not there any more
  kRefused,     // nobody listens there
  kNone,        // no answer in time: it may be dead, stopped, cut off or very busy
};

enum class RunVerdict { kAlive, kUnknown, kLost };

class LostWorkers {
 public:
  // A worker that has not said for three heartbeats that it is there is not named by the fleet.
  static constexpr int kHeartbeatsToLive = 3;

  explicit LostWorkers(Duration heartbeat) : heartbeat_(heartbeat) {}

  // The runs that have open sessions, all of them: others that the fleet does not name either are
  // forgotten, so that what is kept is bounded by what lives.
  void watch(const std::vector<WorkerRun>& open);
  // All workers the fleet named. Where it names another run of a worker, this run is missing, no
  // more: a late heartbeat can put the former run in the place of the one that lives.
  void fleet_answered(const std::vector<ReportedRun>& present, Instant now);
  // The fleet could not be asked. Nothing is known to be missing any more, and nothing gets lost by
  // it: it may come back empty, and then every worker needs a heartbeat to be in it again.
  void fleet_silent();

  // Where to ask the run itself, if it is not in the fleet and its address is known.
  std::optional<std::string> address_to_ask(const WorkerRun& run) const;
  // What it said to a question that was sent at `asked`.
  void answered(const WorkerRun& run, ProbeAnswer answer, Instant asked);

  // As of the last check of the fleet and the answer since: time that passed meanwhile proves
  // nothing.
  RunVerdict verdict(const WorkerRun& run) const;

  // All that is known, for a log line; and the model in the tests tells states apart by it.
  std::string describe(Instant now) const;

  // How long a run that does not answer must be missing, as seen at two checks at least: a fleet
  // that lost everything has had every live worker's heartbeat by then, so a slow answer alone ends
  // nobody's sessions.
  Duration silence_max() const { return heartbeat_; }
  static constexpr int kSilentChecks = 2;
  // The same where there is nobody to ask, since the fleet never named the run to this gateway: for
  // as long as a worker may need to be seen again, twice that it is late by a heartbeat. Checks
  // count beside time, since a gateway that was stopped has seen nothing of the time that passed.
  Duration absence_max() const { return (kHeartbeatsToLive + 2) * heartbeat_; }
  static constexpr int kAbsentChecks = kHeartbeatsToLive + 3;

 private:
  struct Seen {
    bool watched = false;
    bool present = false;
    std::string address{};                   // empty where the fleet never named the run
    std::optional<Instant> missing_since{};  // in a fleet that has answered ever since
    int missing_checks = 0;                  // how often it did so
    std::optional<ProbeAnswer> answer{};     // to what was asked since the last check of the fleet
    Instant asked{};
    bool replaced = false;  // another run answered at its address, and runs do not come back
  };

  bool missing_long_enough(const Seen& seen) const;

  Duration heartbeat_;
  std::optional<Instant> checked_;  // when the fleet last answered, unless it fell silent since
  std::map<WorkerRun, Seen> runs_;
};

}  // namespace pbaas::session
