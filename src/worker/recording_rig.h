// For the tests of recordings on a worker: a log in memory that can be away, and a queue over a
// folder. For tests alone.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "store/object_store_folder.h"
#include "store/recording_log.h"
#include "store/upload_queue.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::worker {

class StagedRecordingLog final : public store::RecordingLog {
 public:
  net::Task<Result<bool>> note(store::Recording recording) override {
    if (is_away) co_return Error{Fault::kStoreUnavailable, "the log is away"};
    if (is_removed) co_return false;
    rows.insert_or_assign(recording.name, std::move(recording));
    co_return true;
  }
  net::Task<Result<std::vector<store::Recording>>> recordings_of(SessionId) override {
    co_return std::vector<store::Recording>();
  }
  net::Task<Result<std::optional<store::Recording>>> remove_recording(SessionId, std::string,
                                                                      store::RecordingKind,
                                                                      WallTime) override {
    co_return std::optional<store::Recording>();
  }
  net::Task<Result<std::vector<store::Recording>>> outlived(std::chrono::seconds,
                                                            std::optional<store::Recording>,
                                                            std::size_t) override {
    co_return std::vector<store::Recording>();
  }

  bool is_away = false;
  bool is_removed = false;  // all that it is told of
  std::map<std::string, store::Recording> rows;
};

class RecordingFixture : public ::testing::Test {
 protected:
  RecordingFixture() { open(); }

  // As the next process finds the spool.
  void open() {
    queue.reset();
    queue = store::UploadQueue::open(loop, clock, *objects, folder.file("spool"), limits).value();
  }
  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop, std::move(task));
  }
  // Lets the loop turn until it holds; false after ten seconds.
  template <typename Holds>
  bool comes_true(const Holds& holds) {
    const auto by = Deadline::after(clock, Duration(10'000));
    while (!holds()) {
      if (by.passed(clock)) return false;
      loop.restart();
      loop.run_for(std::chrono::milliseconds(5));
    }
    return true;
  }
  store::Recording recording(const std::string& name) {
    for (const auto& each : queue->of(session)) {
      if (each.name == name) return each;
    }
    ADD_FAILURE() << "there is no " << name;
    return {session, name};
  }

  SystemClock clock;
  net::Loop loop;
  support::TempFolder folder;
  store::UploadLimits limits;
  const SessionId session = SessionId::random();
  StagedRecordingLog log;
  std::unique_ptr<store::FolderObjectStore> objects =
      store::FolderObjectStore::open(loop, folder.file("objects")).value();
  std::unique_ptr<store::UploadQueue> queue;
};

}  // namespace pbaas::worker
