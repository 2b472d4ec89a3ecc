// One run of one worker: its id, which outlives a restart, and the epoch it drew when it started.
#pragma once

#include <compare>
#include <string>

namespace pbaas::session {

struct WorkerRun {
  std::string worker;
  std::string epoch;
  auto operator<=>(const WorkerRun&) const = default;
};

}  // namespace pbaas::session
