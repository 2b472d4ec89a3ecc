// The record of what was recorded: what gateways show of a session, whichever worker had it.
// Implemented by both session logs, in a table beside their sessions; they pass the same tests
// (recording_log_contract.h).
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "net/task.h"
#include "store/recording.h"

namespace pbaas::store {

// Called on the loop; the work is done on the store's own thread. Errors: kStoreUnavailable.
class RecordingLog {
 public:
  virtual ~RecordingLog() = default;

  // Writes a recording as it is now, in place of what its row said; for its worker alone. False: it
  // was removed, and the row says no more than that. A recording of a session that the log does not
  // know is not written.
  virtual net::Task<Result<bool>> note(Recording recording) = 0;
  // Those of a session, by name, with those that were removed.
  virtual net::Task<Result<std::vector<Recording>>> recordings_of(SessionId session) = 0;
  // Gives it as it was, where it was there; again: nothing. One without a row is removed too, so
  // that its worker, which has yet to tell of it, hears of it.
  virtual net::Task<Result<std::optional<Recording>>> remove_recording(SessionId session,
                                                                       std::string name,
                                                                       RecordingKind kind,
                                                                       WallTime now) = 0;
  // Those that came to their end longer ago than that, by the database's clock, and were not
  // removed; by session and name, those behind `behind`; at most `count`.
  virtual net::Task<Result<std::vector<Recording>>> outlived(std::chrono::seconds lifetime,
                                                             std::optional<Recording> behind,
                                                             std::size_t count) = 0;
};

}  // namespace pbaas::store
