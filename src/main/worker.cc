#include "main/worker.h"

#include <sys/stat.h>

#include <csignal>
#include <cstdlib>

#include "base/log.h"
#include "main/browsers.h"
#include "main/data_dir.h"
#include "main/launcher_config.h"
#include "main/limits.h"
#include "main/measure.h"
#include "main/process.h"
#include "main/recording_parts.h"
#include "main/signals.h"
#include "main/stores.h"
#include "main/version.h"
#include "main/worker_address.h"
#include "main/worker_id.h"
#include "main/worker_part.h"
#include "net/event.h"
#include "net/http_server.h"
#include "worker/control_api.h"

namespace pbaas {
namespace {

// A client whose gateway died has so long to come back through another.
constexpr Duration kReconnectGrace{30'000};
constexpr Duration kLastAnswers{3'000};
constexpr Duration kPoll{25};

class WorkerService {
 public:
  WorkerService(const Config& config, net::Loop& loop, const Clock& clock, Browsers& browsers,
                SharedStores stores, std::unique_ptr<RecordingParts> recordings,
                worker::WorkerConfig worker)
      : config_(config),
        loop_(loop),
        clock_(clock),
        stores_(std::move(stores)),
        recordings_(std::move(recordings)),
        tasks_(loop),
        worker_(config, loop, clock, std::move(worker), browsers, *stores_.fleet, *stores_.log,
                metrics_, recordings_.get()),
        relays_(threads_to_relay(config), clock, {}),
        api_{worker_.worker(), metrics_, clock, ClusterProof(config.cluster_secret),
             [this] { worker_.drain(); }},
        server_(loop, clock, worker::make_control_router(api_), relays_, http_limits()),
        signals_(loop) {
    server_.on_answered(
        [this](const net::Answered& answered) { count_answer(metrics_, answered); });
    metrics_.before_reading([this] { measure(); });
  }

  Status start() {
    const auto port = server_.listen(config_.host, config_.worker_port);
    if (!port) return port.error();
    const auto toward = redis_host(config_);
    if (!toward) return toward.error();
    const auto address = worker_address(config_.worker_address, *port, *toward);
    if (!address) return address.error();
    worker_.worker().set_address(*address);
    if (address->starts_with("127.") || address->starts_with("[::1]"))
      log::warn("worker_on_loopback", {{"address", *address}, {"cure", "set WORKER_ADDRESS"}});
    if (recordings_) recordings_->start(*stores_.log, metrics_);
    worker_.start([this] { stop_broken(); });
    tasks_.spawn("signals", signals_.run([this] { stop(); }, [this] { worker_.hurry(); }));
    log::info("listening", {{"part", "worker"}, {"port", *port}, {"address", *address}});
    return {};
  }

  int exit_code() const { return exit_code_; }
  bool is_stuck() const { return recordings_ && recordings_->is_stuck(); }

 private:
  void stop() {
    if (std::exchange(stopping_, true)) return;
    worker_.drain();
    tasks_.spawn("stop", finish());
  }

  // Its sessions have ended as crashed. Whoever started this program starts it anew.
  void stop_broken() {
    exit_code_ = EXIT_FAILURE;
    stop();
  }

  net::Task<void> finish() {
    co_await worker_.drained();
    co_await worker_.leave();
    server_.stop_accepting();
    const auto answered = Deadline::after(clock_, kLastAnswers);
    while (server_.connections() > 0 && !answered.passed(clock_)) co_await net::sleep_for(kPoll);
    co_await flush_and_stop(loop_, *stores_.log);
  }

  void measure() {
    measure_fleet(metrics_, *stores_.fleet);
    measure_log(metrics_, *stores_.log);
    measure_relays(metrics_, relays_);
    measure_server(metrics_, server_);
    metrics_.set("pbaas_isolation_none", {}, config_.isolation == "none" ? 1 : 0);
  }

  const Config& config_;
  net::Loop& loop_;
  const Clock& clock_;
  SharedStores stores_;
  std::unique_ptr<RecordingParts> recordings_;
  net::TaskGroup tasks_;
  Metrics metrics_;
  WorkerPart worker_;
  net::RelayPool relays_;
  worker::ControlApi api_;
  net::HttpServer server_;
  Signals signals_;
  bool stopping_ = false;
  int exit_code_ = EXIT_SUCCESS;
};

}  // namespace

int run_worker(const Config& config) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  if (const auto complete = check_fleet_settings(config); !complete) return fail(complete.error());
  const SystemClock clock;
  net::Loop loop(1);
  const auto launching = launcher_config(config);
  if (!launching) return fail(launching.error());
  auto browsers = open_browsers(config, *launching, loop, clock);
  if (!browsers) return fail(browsers.error());
  // After the launcher was made: its process would hold the lock for a moment longer than this one.
  ::umask(077);
  const auto data_dir = hold_data_dir(config.data_dir);
  if (!data_dir) return fail(data_dir.error());
  const auto id = worker_id(config.data_dir);
  if (!id) return fail(id.error());
  auto stores = open_shared_stores(config, loop, clock);
  if (!stores) return fail(stores.error());
  worker::WorkerConfig worker{.id = *id,
                              .capacity = config.max_contexts,
                              .version = kVersion,
                              .reconnect_grace = kReconnectGrace,
                              .warm = warm_config(config)};
  auto recordings = RecordingParts::open(config, loop, clock, StoreOf::kFleet);
  if (!recordings) return fail(recordings.error());
  WorkerService service(config, loop, clock, *browsers, std::move(*stores), std::move(*recordings),
                        std::move(worker));
  if (const auto started = service.start(); !started) return fail(started.error());
  loop.run();
  if (service.is_stuck()) leave_as_it_is(service.exit_code());
  return service.exit_code();
}

}  // namespace pbaas
