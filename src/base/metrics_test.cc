#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

namespace pbaas {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, ShowWhatWasCountedByLabel) {
  Metrics metrics;
  metrics.count("pbaas_sessions_ended_total", {{"end_reason", "drained"}});
  metrics.count("pbaas_sessions_ended_total", {{"end_reason", "drained"}}, 2);
  EXPECT_THAT(metrics.text(), HasSubstr("pbaas_sessions_ended_total{end_reason=\"drained\"} 3"));
}

TEST(Metrics, ACounterKeptElsewhereNeverGoesDown) {
  Metrics metrics;
  metrics.count_up_to("pbaas_relay_bytes_total", {{"direction", "up"}}, 10);
  metrics.count_up_to("pbaas_relay_bytes_total", {{"direction", "up"}}, 7);
  EXPECT_THAT(metrics.text(), HasSubstr("pbaas_relay_bytes_total{direction=\"up\"} 10"));
}

TEST(Metrics, AreCollectedAtEachReading) {
  Metrics metrics;
  int readings = 0;
  metrics.before_reading([&] { metrics.set("pbaas_queue_waiting", {}, ++readings); });
  metrics.text();
  EXPECT_THAT(metrics.text(), HasSubstr("pbaas_queue_waiting 2"));
}

TEST(Metrics, SortTimesIntoBuckets) {
  Metrics metrics;
  metrics.observe("pbaas_create_seconds", {{"phase", "launch"}}, 0.06);
  const auto text = metrics.text();
  EXPECT_THAT(text, HasSubstr("pbaas_create_seconds_bucket{phase=\"launch\",le=\"0.05\"} 0"));
  EXPECT_THAT(text, HasSubstr("pbaas_create_seconds_bucket{phase=\"launch\",le=\"0.1\"} 1"));
}

TEST(Metrics, TellTheServicesOwnMemoryAndDescriptors) {
  const auto text = Metrics().text();
  EXPECT_THAT(text, HasSubstr("\nprocess_resident_memory_bytes "));
  EXPECT_THAT(text, HasSubstr("\nprocess_open_fds "));
}

TEST(Metrics, ANameThatIsNotInTheTableIsABug) {
  Metrics metrics;
  EXPECT_THROW(metrics.count("pbaas_no_such_total"), std::out_of_range);
}

}  // namespace
}  // namespace pbaas
