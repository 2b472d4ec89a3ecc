// A session with recordings, over a session log and a folder that are real. For tests alone.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <string>

#include "gateway/staged_objects.h"
#include "store/object_key.h"
#include "store/object_store_folder.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::gateway {

struct KeptRecordings : ::testing::Test {
  KeptRecordings() {
    session.created_at = clock.wall();
    log->record(session);
  }

  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop, std::move(task));
  }
  void store(const std::string& name, store::RecordingState state) {
    std::ofstream(folder.file("file")) << "content";
    const auto deadline = Deadline::after(clock, Duration{5'000});
    const auto key = store::object_key(session.id, name);
    ASSERT_TRUE(run(objects.put({key, folder.file("file"), "text/plain"}, deadline)));
    store::Recording recording{.session = session.id, .name = name};
    recording.state = state;
    ASSERT_TRUE(run(log->note(recording)).value());
  }
  bool is_kept(const std::string& name) {
    const auto deadline = Deadline::after(clock, Duration{5'000});
    const bool has_object =
        run(objects.head(store::object_key(session.id, name), deadline)).value().has_value();
    const auto rows = run(log->recordings_of(session.id)).value();
    const auto row = std::ranges::find(rows, name, &store::Recording::name);
    EXPECT_EQ(has_object, row != rows.end() && !row->removed) << name;
    return has_object;
  }

  SystemClock clock;
  net::Loop loop{1};
  support::TempFolder folder;
  session::Session session{SessionId::random()};
  std::unique_ptr<store::SqliteSessionLog> log =
      store::SqliteSessionLog::open(loop, folder.file("sessions.db")).value();
  std::unique_ptr<store::FolderObjectStore> stored =
      store::FolderObjectStore::open(loop, folder.file("objects")).value();
  StagedObjects objects{*stored};
};

}  // namespace pbaas::gateway
