// Over a session log and a folder that are real.
#include "gateway/retention.h"

#include <gtest/gtest.h>

#include <fstream>

#include "gateway/staged_objects.h"
#include "store/object_key.h"
#include "store/object_store_folder.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::gateway {
namespace {

using store::Recording;
using store::RecordingState;

constexpr std::chrono::seconds kLifetime{3600};

struct RetentionTest : ::testing::Test {
  RetentionTest() {
    session.created_at = clock.wall();
    log->record(session);
  }

  template <typename T>
  T run(net::Task<T> task) {
    return support::run_task(loop, std::move(task));
  }
  void store(const std::string& name, RecordingState state, std::chrono::seconds ago) {
    std::ofstream(folder.file("file")) << "content";
    const auto deadline = Deadline::after(clock, Duration{5'000});
    const auto key = store::object_key(session.id, name);
    ASSERT_TRUE(run(objects.put({key, folder.file("file"), "text/plain"}, deadline)));
    Recording recording{.session = session.id, .name = name};
    recording.state = state;
    recording.changed_at = clock.wall() - ago;
    ASSERT_TRUE(run(log->note(recording)).value());
  }
  bool is_kept(const std::string& name) {
    const auto deadline = Deadline::after(clock, Duration{5'000});
    const bool has_object =
        run(objects.head(store::object_key(session.id, name), deadline)).value().has_value();
    const auto rows = run(log->recordings_of(session.id)).value();
    const auto row = std::ranges::find(rows, name, &Recording::name);
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
  Retention retention{{clock, *log, objects}, kLifetime};
};

TEST_F(RetentionTest, RemovesWhatIsOverAndNothingElse) {
  store("over", RecordingState::kStored, kLifetime + std::chrono::seconds(1));
  store("cut", RecordingState::kTruncated, kLifetime + std::chrono::seconds(1));
  store("young", RecordingState::kStored, kLifetime - std::chrono::seconds(60));
  store("waits", RecordingState::kUploading, kLifetime + std::chrono::seconds(1));
  run(retention.sweep());
  EXPECT_FALSE(is_kept("over"));
  EXPECT_FALSE(is_kept("cut"));
  EXPECT_TRUE(is_kept("young"));
  EXPECT_TRUE(is_kept("waits"));
}

TEST_F(RetentionTest, RemovesMoreThanItAsksForAtOnce) {
  for (int n = 0; n < 250; ++n)
    store("r" + std::to_string(n), RecordingState::kStored, 2 * kLifetime);
  run(retention.sweep());
  EXPECT_FALSE(is_kept("r0"));
  EXPECT_FALSE(is_kept("r249"));
}

TEST_F(RetentionTest, LeavesWhatTheStoreDoesNotRemoveForTheNextTime) {
  store("over", RecordingState::kStored, 2 * kLifetime);
  objects.is_away = true;
  run(retention.sweep());
  EXPECT_TRUE(is_kept("over"));
  objects.is_away = false;
  run(retention.sweep());
  EXPECT_FALSE(is_kept("over"));
}

TEST_F(RetentionTest, TwoOfThemAreNotInEachOthersWay) {
  store("over", RecordingState::kStored, 2 * kLifetime);
  objects.meanwhile = [this] { return retention.sweep(); };
  Retention other{{clock, *log, objects}, kLifetime};
  run(other.sweep());
  EXPECT_FALSE(is_kept("over"));
}

}  // namespace
}  // namespace pbaas::gateway
