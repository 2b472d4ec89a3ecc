#include "base/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <vector>

namespace pbaas {
namespace {

enum class Kind { kCounter, kGauge, kHistogram };

struct FamilyRow {
  Kind kind;
  const char* name;
  const char* help;
};

constexpr FamilyRow kFamilies[] = {
    {Kind::kGauge, "pbaas_sessions", "Sessions now, by status"},
    {Kind::kCounter, "pbaas_sessions_created_total", "Sessions that got a browser"},
    {Kind::kCounter, "pbaas_sessions_ended_total", "Sessions ended, by end_reason"},
    {Kind::kCounter, "pbaas_creates_refused_total", "Creates answered with an error, by reason"},
    {Kind::kHistogram, "pbaas_create_seconds",
     "Time of a create, by phase: queue, launch, warm, connect"},
    {Kind::kCounter, "pbaas_relay_bytes_total", "Bytes relayed, by direction"},
    {Kind::kCounter, "pbaas_relay_messages_total", "WebSocket data messages relayed, by direction"},
    {Kind::kGauge, "pbaas_relays_open", "Client connections being relayed"},
    {Kind::kCounter, "pbaas_relay_closes_total", "Relays ended with a Close of ours, by code"},
    {Kind::kGauge, "pbaas_queue_waiting",
     "Creates waiting for a slot, of all gateways of the fleet"},
    {Kind::kGauge, "pbaas_workers", "Workers of the fleet, by state"},
    {Kind::kGauge, "pbaas_slots", "Slots of all workers of the fleet, by state: used, free"},
    {Kind::kGauge, "pbaas_worker_slots", "Slots of this worker, by state: used, free"},
    {Kind::kCounter, "pbaas_heartbeats_missed_total",
     "Heartbeats of this worker that the fleet did not take"},
    {Kind::kCounter, "pbaas_reconcile_repairs_total",
     "Differences between worker, fleet and session log that were repaired, by kind"},
    {Kind::kGauge, "pbaas_store_away", "1 where a store cannot be reached, by store"},
    {Kind::kGauge, "pbaas_spares",
     "Browsers that were started in advance and that no session has, by state: ready, starting"},
    {Kind::kCounter, "pbaas_warm_creates_total",
     "Creates by whether a spare was there for them, by result: hit, miss"},
    {Kind::kCounter, "pbaas_spares_ended_total",
     "Spares that no session got, by why: died, failed, old, silent, unwanted"},
    {Kind::kGauge, "pbaas_browsers_live", "Browser process trees not yet gone"},
    {Kind::kCounter, "pbaas_http_requests_total",
     "HTTP requests answered, by method, route and status"},
    {Kind::kGauge, "pbaas_http_connections", "Open HTTP connections"},
    {Kind::kGauge, "pbaas_session_log_pending", "Writes the session log has not done yet"},
    {Kind::kGauge, "pbaas_session_log_spool_bytes",
     "Bytes of the session log on disk that its database has not taken yet"},
    {Kind::kCounter, "pbaas_session_log_failures_total",
     "Writes of the session log that failed and are tried again"},
    {Kind::kCounter, "pbaas_session_log_lost_total",
     "States of sessions that the session log set aside or dropped, by why: refused, no_room"},
    {Kind::kGauge, "pbaas_recordings", "Recordings of this worker, by state"},
    {Kind::kCounter, "pbaas_recordings_total",
     "Recordings that came to an end, by kind and state: stored, truncated, failed"},
    {Kind::kGauge, "pbaas_recording_spool_bytes",
     "Bytes of recordings on disk that are being made or wait for the object store"},
    {Kind::kCounter, "pbaas_egress_bytes_total",
     "Bytes between browsers and servers, by direction"},
    {Kind::kCounter, "pbaas_egress_connections_total", "Connections of browsers to servers"},
    {Kind::kCounter, "pbaas_egress_refused_total",
     "Connections that browsers were refused by the egress policy"},
    {Kind::kGauge, "pbaas_egress_open", "Connections of browsers to their egress proxies now"},
    {Kind::kGauge, "pbaas_isolation_none", "1 where browsers run without their sandbox"},
    {Kind::kGauge, "process_resident_memory_bytes",
     "Resident memory of the service, without its browsers"},
    {Kind::kGauge, "process_open_fds", "Open file descriptors of the service"},
};

// From a warm hand-over to the longest wait in the queue.
const prometheus::Histogram::BucketBoundaries kSecondsBuckets{
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};

double resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  double total = 0;
  double resident = 0;
  statm >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

double open_fds() {
  std::error_code error;
  double count = 0;
  for (auto each = std::filesystem::directory_iterator("/proc/self/fd", error);
       !error && each != std::filesystem::directory_iterator(); each.increment(error)) {
    ++count;
  }
  return count;
}

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  std::map<std::string, prometheus::Family<prometheus::Counter>*> counters;
  std::map<std::string, prometheus::Family<prometheus::Gauge>*> gauges;
  std::map<std::string, prometheus::Family<prometheus::Histogram>*> histograms;
  std::vector<std::function<void()>> collectors;
};

Metrics::Metrics() : impl_(std::make_unique<Impl>()) {
  for (const auto& row : kFamilies) {
    auto& registry = impl_->registry;
    switch (row.kind) {
      case Kind::kCounter:
        impl_->counters[row.name] =
            &prometheus::BuildCounter().Name(row.name).Help(row.help).Register(registry);
        break;
      case Kind::kGauge:
        impl_->gauges[row.name] =
            &prometheus::BuildGauge().Name(row.name).Help(row.help).Register(registry);
        break;
      case Kind::kHistogram:
        impl_->histograms[row.name] =
            &prometheus::BuildHistogram().Name(row.name).Help(row.help).Register(registry);
        break;
    }
  }
}

Metrics::~Metrics() = default;

void Metrics::count(const std::string& counter, const Labels& labels, double by) {
  impl_->counters.at(counter)->Add(labels).Increment(by);
}

void Metrics::count_up_to(const std::string& counter, const Labels& labels, double total) {
  auto& ours = impl_->counters.at(counter)->Add(labels);
  if (total > ours.Value()) ours.Increment(total - ours.Value());
}

void Metrics::set(const std::string& gauge, const Labels& labels, double value) {
  impl_->gauges.at(gauge)->Add(labels).Set(value);
}

void Metrics::observe(const std::string& histogram, const Labels& labels, double value) {
  impl_->histograms.at(histogram)->Add(labels, kSecondsBuckets).Observe(value);
}

void Metrics::before_reading(std::function<void()> collect) {
  impl_->collectors.push_back(std::move(collect));
}

std::string Metrics::text() {
  for (const auto& collect : impl_->collectors) collect();
  set("process_resident_memory_bytes", {}, resident_bytes());
  set("process_open_fds", {}, open_fds());
  return prometheus::TextSerializer().Serialize(impl_->registry.Collect());
}

}  // namespace pbaas
