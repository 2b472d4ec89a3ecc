#include "worker/recording_rows.h"

#include <fstream>

#include "worker/recording_rig.h"

namespace pbaas::worker {
namespace {

using store::RecordingState;

class RecordingRowsTest : public RecordingFixture {
 protected:
  void begin() {
    const auto path = run(queue->begin(session, "network.har", store::RecordingKind::kHar));
    std::ofstream(path.value()) << "{}";
  }
  void start() {
    rows.emplace(loop, clock, *queue, log, metrics);
    rows->start();
  }
  bool is_told(RecordingState state) {
    return comes_true([&] {
      const auto row = log.rows.find("network.har");
      return row != log.rows.end() && row->second.state == state;
    });
  }

  Metrics metrics;
  std::optional<RecordingRows> rows;
};

TEST_F(RecordingRowsTest, TellsOfEachState) {
  start();
  begin();
  EXPECT_TRUE(is_told(RecordingState::kRecording));
  ASSERT_TRUE(run(queue->finish(session, "network.har", {})));
  EXPECT_TRUE(is_told(RecordingState::kUploading));
}

TEST_F(RecordingRowsTest, TellsOfWhatAFormerProcessHad) {
  begin();
  open();
  start();
  EXPECT_TRUE(is_told(RecordingState::kRecording));
}

TEST_F(RecordingRowsTest, TellsTheNewestStateOnceTheLogIsBack) {
  log.is_away = true;
  start();
  begin();
  ASSERT_TRUE(run(queue->finish(session, "network.har", {})));
  EXPECT_TRUE(log.rows.empty());
  log.is_away = false;
  EXPECT_TRUE(is_told(RecordingState::kUploading));
}

TEST_F(RecordingRowsTest, RemovesWhatTheLogHasAsRemoved) {
  log.is_removed = true;
  start();
  begin();
  ASSERT_TRUE(run(queue->finish(session, "network.har", {})));
  EXPECT_TRUE(comes_true([&] { return queue->of(session).empty(); }));
}

TEST_F(RecordingRowsTest, LeavesWhatIsBeingMadeToItsRecorder) {
  log.is_removed = true;
  start();
  begin();
  const auto soon = Deadline::after(clock, Duration(5'000));
  support::run_task(loop, rows->told(soon));
  EXPECT_EQ(queue->of(session).size(), 1U);
}

TEST_F(RecordingRowsTest, CountsThoseThatCameToAnEnd) {
  start();
  begin();
  ASSERT_TRUE(run(queue->fail(session, "network.har", "no reason")));
  EXPECT_NE(metrics.text().find(R"(pbaas_recordings_total{kind="har",state="failed"} 1)"),
            std::string::npos);
}

}  // namespace
}  // namespace pbaas::worker
