#include "main/serve.h"

#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>

#include "base/log.h"
#include "main/browsers.h"
#include "main/data_dir.h"
#include "main/gateway_part.h"
#include "main/greeting.h"
#include "main/launcher_config.h"
#include "main/limits.h"
#include "main/local_worker_client.h"
#include "main/measure.h"
#include "main/process.h"
#include "main/recording_parts.h"
#include "main/signals.h"
#include "main/version.h"
#include "main/worker_id.h"
#include "main/worker_part.h"
#include "store/fleet_memory.h"
#include "store/session_log_sqlite.h"

namespace pbaas {
namespace {

constexpr Duration kLastAnswers{3'000};

// A gateway and a worker, in the order they are built; they are taken down in the reverse.
class Service {
 public:
  Service(const Config& config, net::Loop& loop, const Clock& clock, Browsers& browsers,
          store::SqliteSessionLog& log, RecordingParts& recordings, worker::WorkerConfig worker,
          std::string browser_version)
      : config_(config),
        loop_(loop),
        clock_(clock),
        log_(log),
        recordings_(recordings),
        tasks_(loop),
        fleet_(clock, static_cast<std::size_t>(config.queue_limit)),
        worker_(config, loop, clock, std::move(worker), browsers, fleet_, log, metrics_,
                &recordings),
        workers_(worker_.worker(), [this] { worker_.drain(); }),
        relays_(threads_to_relay(config), clock, {}),
        gateway_(config, loop, clock, fleet_, log, workers_, relays_, metrics_,
                 {&log, &recordings.objects()}, std::move(browser_version)),
        signals_(loop) {
    fleet_.on_turn([this](const SessionId& session) { gateway_.sessions().wake(session); });
    metrics_.before_reading([this] { measure(); });
  }

  Status start() {
    const auto port = gateway_.start();
    if (!port) return port.error();
    recordings_.start(log_, metrics_);
    worker_.start([this] { stop_broken(); });
    tasks_.spawn("signals", signals_.run([this] { stop(); }, [this] { worker_.hurry(); }));
    greet(config_, *port);
    return {};
  }

  int exit_code() const { return exit_code_; }

 private:
  void stop() {
    gateway_.stop_admitting();
    worker_.drain();
    tasks_.spawn("stop", finish());
  }

  // Its sessions have ended as crashed. Whoever started this program starts it anew.
  void stop_broken() {
    exit_code_ = EXIT_FAILURE;
    if (!gateway_.draining()) stop();
  }

  net::Task<void> finish() {
    co_await worker_.drained();
    const auto answered = Deadline::after(clock_, kLastAnswers);
    co_await gateway_.close([answered] { return answered; });
    co_await flush_and_stop(loop_, log_);
  }

  void measure() {
    const auto worker = worker_.worker().status();
    const bool ready = worker.state == store::WorkerState::kReady;
    metrics_.set("pbaas_workers", {{"state", "ready"}}, ready ? 1 : 0);
    metrics_.set("pbaas_workers", {{"state", "draining"}}, ready ? 0 : 1);
    metrics_.set("pbaas_slots", {{"state", "used"}}, worker.used);
    metrics_.set("pbaas_slots", {{"state", "free"}}, worker.capacity - worker.used);
    measure_log(metrics_, log_);
    measure_relays(metrics_, relays_);
  }

  const Config& config_;
  net::Loop& loop_;
  const Clock& clock_;
  store::SqliteSessionLog& log_;
  RecordingParts& recordings_;
  net::TaskGroup tasks_;
  Metrics metrics_;
  store::MemoryFleet fleet_;
  WorkerPart worker_;
  LocalWorkerClient workers_;
  net::RelayPool relays_;
  GatewayPart gateway_;
  Signals signals_;
  int exit_code_ = EXIT_SUCCESS;
};

// What an earlier process left open: it is gone, and its browsers with it.
Status end_what_was_left(net::Loop& loop, const Clock& clock, store::SessionLog& log) {
  Status status;
  net::TaskGroup tasks(loop);
  tasks.spawn(
      "end_open", [](const Clock& now, store::SessionLog& open, Status& result) -> net::Task<void> {
        const auto ended = co_await open.end_open(session::EndReason::kWorkerLost, now.wall());
        if (!ended) result = ended.error();
        if (ended && *ended > 0) log::warn("ended_lost_sessions", {{"count", *ended}});
      }(clock, log, status));
  while (tasks.running() > 0) loop.run_one();
  loop.restart();
  return status;
}

}  // namespace

int serve(const Config& config) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
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
  auto log =
      store::SqliteSessionLog::open(loop, std::filesystem::path(config.data_dir) / "sessions.db");
  if (!log) return fail(log.error());
  if (const auto ended = end_what_was_left(loop, clock, **log); !ended) return fail(ended.error());
  worker::WorkerConfig worker{
      .id = *id, .capacity = config.max_contexts, .version = kVersion, .warm = warm_config(config)};
  const auto recordings = RecordingParts::open(config, loop, clock, StoreOf::kMachine);
  if (!recordings) return fail(recordings.error());
  Service service(config, loop, clock, *browsers, **log, **recordings, std::move(worker),
                  browser_version(*launching));
  if (const auto started = service.start(); !started) return fail(started.error());
  loop.run();
  if ((*recordings)->is_stuck()) leave_as_it_is(service.exit_code());
  return service.exit_code();
}

}  // namespace pbaas
