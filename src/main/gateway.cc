#include "main/gateway.h"

#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>

#include "base/log.h"
#include "gateway/remote_workers.h"
#include "gateway/worker_watch.h"
#include "main/data_dir.h"
#include "main/gateway_part.h"
#include "main/greeting.h"
#include "main/launcher_config.h"
#include "main/limits.h"
#include "main/measure.h"
#include "main/process.h"
#include "main/recording_parts.h"
#include "main/signals.h"
#include "main/stores.h"
#include "net/event.h"

namespace pbaas {
namespace {

// A create under way may wait for its browser for so long before its gateway leaves.
constexpr Duration kLastAnswers{45'000};
constexpr Duration kQueueLook{1'000};

class Gateway {
 public:
  // `objects`: null where nothing is recorded.
  Gateway(const Config& config, net::Loop& loop, const Clock& clock, SharedStores stores,
          std::unique_ptr<store::ObjectStore> objects)
      : config_(config),
        loop_(loop),
        clock_(clock),
        stores_(std::move(stores)),
        objects_(std::move(objects)),
        tasks_(loop),
        workers_(clock, ClusterProof(config.cluster_secret)),
        relays_(threads_to_relay(config), clock, {}),
        gateway_(config, loop, clock, *stores_.fleet, *stores_.log, workers_, relays_, metrics_,
                 {stores_.log.get(), objects_.get()},
                 browser_version(launcher_config_as_found(config))),
        watch_(loop, clock, *stores_.fleet, *stores_.log, workers_, gateway_.directory(), metrics_,
               config.heartbeat),
        signals_(loop) {
    metrics_.before_reading([this] { measure(); });
  }

  Status start() {
    const auto port = gateway_.start();
    if (!port) return port.error();
    tasks_.spawn("worker_watch", watch_.run());
    tasks_.spawn("queue_watch", watch_queue());
    tasks_.spawn("signals", signals_.run([this] { stop(); }, [this] { close_by_ = clock_.now(); }));
    greet(config_, *port);
    return {};
  }

 private:
  void stop() {
    log::info("stopping");
    close_by_ = clock_.now() + kLastAnswers;
    gateway_.stop_admitting();
    tasks_.spawn("stop", finish());
  }

  // Relays are closed by the pool's end: their clients come back through another gateway.
  net::Task<void> finish() {
    co_await gateway_.close([this] { return Deadline::at(close_by_); });
    co_await flush_and_stop(loop_, *stores_.log);
  }

  // The queue is one for all gateways, and so is its length.
  net::Task<void> watch_queue() {
    for (;;) {
      const auto waiting = co_await stores_.fleet->waiting();
      if (waiting) queue_seen_ = *waiting;
      co_await net::sleep_for(kQueueLook);
    }
  }

  void measure() {
    const auto waiting = std::max(queue_seen_, gateway_.sessions().waiting());
    metrics_.set("pbaas_queue_waiting", {}, static_cast<double>(waiting));
    measure_fleet(metrics_, *stores_.fleet);
    watch_.measure();
    measure_log(metrics_, *stores_.log);
    measure_relays(metrics_, relays_);
  }

  const Config& config_;
  net::Loop& loop_;
  const Clock& clock_;
  SharedStores stores_;
  std::unique_ptr<store::ObjectStore> objects_;
  net::TaskGroup tasks_;
  Metrics metrics_;
  gateway::RemoteWorkers workers_;
  net::RelayPool relays_;
  GatewayPart gateway_;
  gateway::WorkerWatch watch_;
  Signals signals_;
  std::size_t queue_seen_ = 0;
  Instant close_by_{};
};

}  // namespace

int run_gateway(const Config& config) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  ::umask(077);
  if (const auto complete = check_fleet_settings(config); !complete) return fail(complete.error());
  const SystemClock clock;
  net::Loop loop(1);
  const auto data_dir = hold_data_dir(config.data_dir);
  if (!data_dir) return fail(data_dir.error());
  auto stores = open_shared_stores(config, loop, clock);
  if (!stores) return fail(stores.error());
  auto objects = open_object_store(config, loop, clock, StoreOf::kFleet);
  if (!objects) return fail(objects.error());
  Gateway gateway(config, loop, clock, std::move(*stores), std::move(*objects));
  if (const auto started = gateway.start(); !started) return fail(started.error());
  loop.run();
  return EXIT_SUCCESS;
}

}  // namespace pbaas
