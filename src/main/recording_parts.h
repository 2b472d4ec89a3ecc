// What keeps recordings: the object store, and on a worker, or a service of one machine, what makes
// them and brings them there. Loop thread only, which must outlive it.
#pragma once

#include <memory>
#include <optional>

#include "base/config.h"
#include "base/metrics.h"
#include "net/task_group.h"
#include "store/object_store.h"
#include "store/recording_log.h"
#include "store/upload_queue.h"
#include "worker/recording_rows.h"
#include "worker/recordings.h"

namespace pbaas {

// Processes of a fleet share a store or have none; a machine that is alone has its own.
enum class StoreOf { kFleet, kMachine };

// The store that the settings name; null where they name none. Blocks: for the start of the
// program. Errors: kInvalidField naming the setting, kStoreUnavailable.
Result<std::unique_ptr<store::ObjectStore>> open_object_store(const Config& config, net::Loop& loop,
                                                              const Clock& clock, StoreOf whose);

class RecordingParts {
 public:
  // Null where there is no store. Blocks. Errors as those of open_object_store.
  static Result<std::unique_ptr<RecordingParts>> open(const Config& config, net::Loop& loop,
                                                      const Clock& clock, StoreOf whose);
  RecordingParts(net::Loop& loop, const Clock& clock, std::unique_ptr<store::ObjectStore> objects);

  // Uploads what waits, finishes what a former process left, and tells the log. To be called once.
  void start(store::RecordingLog& log, Metrics& metrics);
  // After the last session: files are made, what the store takes soon is brought there, and the log
  // knows. What is left then the next start does.
  net::Task<void> finish();

  store::ObjectStore& objects() { return *objects_; }
  worker::Recordings& recordings() { return *recordings_; }
  // A thread is held up by a dead disk: the program must leave as it is.
  bool is_stuck() const { return recordings_->stuck() > 0; }

 private:
  net::Task<void> make_ready();
  void measure(Metrics& metrics);

  net::Loop& loop_;
  const Clock& clock_;
  std::unique_ptr<store::ObjectStore> objects_;
  std::unique_ptr<store::UploadQueue> queue_;
  std::unique_ptr<worker::Recordings> recordings_;
  std::unique_ptr<worker::RecordingRows> rows_;
  net::TaskGroup tasks_;
};

}  // namespace pbaas
