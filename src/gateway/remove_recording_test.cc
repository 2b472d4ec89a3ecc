#include "gateway/remove_recording.h"

#include <gtest/gtest.h>

#include "gateway/kept_recordings.h"

namespace pbaas::gateway {
namespace {

using store::RecordingState;

struct RemoveRecordingTest : KeptRecordings {
  RemoveRecordingTest() { store("r", RecordingState::kStored); }
  Status remove() {
    const auto rows = run(log->recordings_of(session.id)).value();
    return run(remove_recording({clock, *log, objects}, rows.at(0)));
  }
};

TEST_F(RemoveRecordingTest, RemovesItFromStoreAndLog) {
  EXPECT_TRUE(remove());
  EXPECT_FALSE(is_kept("r"));
}

TEST_F(RemoveRecordingTest, LeavesBothWhereTheStoreIsAway) {
  objects.is_away = true;
  EXPECT_EQ(remove().error().fault, Fault::kStoreUnavailable);
  EXPECT_TRUE(is_kept("r"));
}

TEST_F(RemoveRecordingTest, RemovesWhatItsWorkerBroughtMeanwhile) {
  store("r", RecordingState::kUploading);
  objects.meanwhile = [this]() -> net::Task<void> {
    store::Recording stored{.session = session.id, .name = "r"};
    stored.state = RecordingState::kStored;
    (void)co_await log->note(stored);
    std::ofstream(folder.file("file")) << "it came";
    const auto deadline = Deadline::after(clock, Duration{5'000});
    store::PutRequest put{store::object_key(session.id, "r"), folder.file("file"), "text/plain"};
    (void)co_await objects.put(std::move(put), deadline);
  };
  EXPECT_TRUE(remove());
  EXPECT_FALSE(is_kept("r"));
}

}  // namespace
}  // namespace pbaas::gateway
