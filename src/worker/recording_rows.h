// RecordingRows tells the session log what becomes of this worker's recordings, for gateways to
// show: each state, sooner or later, whoever is away meanwhile. The log may answer that one was
// removed, and then it goes here, too. Owned by main; loop thread only; queue and log must outlive
// it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "base/metrics.h"
#include "net/event.h"
#include "net/task_group.h"
#include "store/recording_log.h"
#include "store/upload_queue.h"

namespace pbaas::worker {

class RecordingRows {
 public:
  RecordingRows(net::Loop& loop, const Clock& clock, store::UploadQueue& queue,
                store::RecordingLog& log, Metrics& metrics);
  RecordingRows(const RecordingRows&) = delete;
  RecordingRows& operator=(const RecordingRows&) = delete;

  // Tells of all that there are, since a former process may not have come to it, and from then on
  // of each change.
  void start();
  // Done when all is told, or at the deadline.
  net::Task<void> told(Deadline deadline);

 private:
  using Key = std::pair<SessionId, std::string>;

  void changed(const store::Recording& recording);
  net::Task<void> run();
  net::Task<void> tell(store::Recording recording);

  net::Loop& loop_;
  const Clock& clock_;
  store::UploadQueue& queue_;
  store::RecordingLog& log_;
  Metrics& metrics_;
  std::map<Key, store::Recording> untold_;  // the newest state of each
  bool is_telling_ = false;
  bool is_silent_ = false;  // the log does not take it
  std::optional<net::Event> news_;
  net::TaskGroup tasks_;
};

}  // namespace pbaas::worker
