#include "main/serve.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "base/log.h"
#include "base/metrics.h"
#include "browser/launcher.h"
#include "gateway/api.h"
#include "gateway/sweeper.h"
#include "main/assets.h"
#include "main/data_dir.h"
#include "main/greeting.h"
#include "main/launcher_config.h"
#include "main/local_worker_client.h"
#include "main/version.h"
#include "net/http_server.h"
#include "net/relay_pool.h"
#include "net/task_group.h"
#include "store/fleet_memory.h"
#include "store/session_log_sqlite.h"
#include "worker/worker.h"

namespace pbaas {
namespace {

namespace asio = boost::asio;

constexpr Duration kTick{250};
constexpr Duration kHeartbeat{5'000};
constexpr Duration kLastAnswers{3'000};

int threads_to_relay(const Config& config) {
  if (config.relay_threads > 0) return config.relay_threads;
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

session::OptionLimits option_limits(const Config& config) {
  session::OptionLimits limits;
  limits.session_timeout = config.session_timeout;
  limits.idle_timeout = std::min(config.idle_timeout, config.session_timeout);
  limits.queue_timeout = config.queue_timeout;
  limits.default_browser = *session::browser_kind_from_word(config.default_browser);
  limits.timezone_exists = [](std::string_view name) {
    return std::filesystem::is_regular_file(std::filesystem::path("/usr/share/zoneinfo") / name);
  };
  return limits;
}

// Each relay takes two descriptors; the soft limit is often 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// Clients may take half of the descriptors: the other half is for the browsers' sides, pipes and
// files.
net::HttpLimits http_limits() {
  net::HttpLimits limits;
  rlimit descriptors{};
  if (getrlimit(RLIMIT_NOFILE, &descriptors) == 0) {
    limits.connections_max =
        std::min<std::size_t>(limits.connections_max, descriptors.rlim_cur / 2);
  }
  return limits;
}

// Everything that `serve` is made of, in the order it is built; it is taken down in the reverse.
class Service {
 public:
  Service(const Config& config, net::Loop& loop, const Clock& clock, browser::Launcher& launcher,
          store::SqliteSessionLog& log, std::string browser_version)
      : config_(config),
        loop_(loop),
        clock_(clock),
        launcher_(launcher),
        log_(log),
        tasks_(loop),
        worker_(loop, clock, {WorkerId::random().text(), config.max_contexts, kVersion}, launcher,
                log, metrics_),
        workers_(worker_),
        sessions_(loop, clock, fleet_, log, workers_, metrics_,
                  static_cast<std::size_t>(config.queue_limit)),
        sweeper_(clock, fleet_, workers_),
        auth_({config.api_keys, config.allowed_origins, config.public_url}),
        relays_(threads_to_relay(config), clock, {}),
        api_{sessions_,
             fleet_,
             metrics_,
             auth_,
             option_limits(config),
             {config.public_url, config.trust_forwarded},
             std::move(browser_version),
             config.isolation == "none",
             assets_folder(),
             [this] { return draining_; }},
        server_(loop, clock, gateway::make_router(api_), relays_, http_limits()),
        signals_(loop, SIGTERM, SIGINT) {
    worker_.on_gone([this](const session::Session& gone) { sessions_.session_gone(gone); });
    server_.on_answered([this](const net::Answered& answered) { count_answer(answered); });
    metrics_.before_reading([this] { measure(); });
  }

  Status start() {
    const auto port = server_.listen(config_.host, config_.port);
    if (!port) return port.error();
    tasks_.spawn("heartbeat", heartbeat());
    tasks_.spawn("tick", tick());
    tasks_.spawn("sweeper", sweeper_.run());
    tasks_.spawn("signals", await_signals());
    greet(config_, *port);
    return {};
  }

  int exit_code() const { return exit_code_; }

 private:
  net::Task<void> heartbeat() {
    for (;;) {
      co_await fleet_.heartbeat(worker_.status());
      co_await net::sleep_for(kHeartbeat);
    }
  }

  net::Task<void> tick() {
    for (;;) {
      co_await net::sleep_for(kTick);
      if (!launcher_.alive()) co_return stop_broken();
      worker_.tick();
      sessions_.nudge_queue();
    }
  }

  // The first signal drains, the second ends the sessions that are left, the third leaves them to
  // the launcher.
  net::Task<void> await_signals() {
    co_await signals_.async_wait(asio::use_awaitable);
    log::info("draining", {{"timeout_s", config_.drain_timeout.count()}});
    drain_deadline_ = clock_.now() + config_.drain_timeout;
    draining_ = true;
    sessions_.stop_admitting();
    tasks_.spawn("drain", drain());
    co_await signals_.async_wait(asio::use_awaitable);
    drain_deadline_ = clock_.now();
    co_await signals_.async_wait(asio::use_awaitable);
    std::_Exit(EXIT_FAILURE);
  }

  net::Task<void> drain() {
    co_await worker_.drain([this] { return Deadline::at(drain_deadline_); });
    server_.stop_accepting();
    // Answers under way are written, the one to the last DELETE among them.
    const auto answered = Deadline::after(clock_, kLastAnswers);
    while (server_.connections() > 0 && !answered.passed(clock_))
      co_await net::sleep_for(kTick / 10);
    const auto flushed = co_await log_.flush();
    if (!flushed) log::error("session_log_lost", {{"why", flushed.error().detail}});
    log::info("stopped");
    loop_.stop();
  }

  // Its sessions have ended as crashed. Whoever started this program starts it anew.
  void stop_broken() {
    log::error("launcher_process_lost", {{"cure", "restart the service"}});
    exit_code_ = EXIT_FAILURE;
    draining_ = true;
    sessions_.stop_admitting();
    tasks_.spawn("drain", drain());
  }

  void count_answer(const net::Answered& answered) {
    metrics_.count("pbaas_http_requests_total", {{"method", answered.method},
                                                 {"route", answered.route},
                                                 {"status", std::to_string(answered.status)}});
    // `WS /` creates before it connects.
    if (answered.status != 101 || answered.route == "/") return;
    metrics_.observe("pbaas_create_seconds", {{"phase", "connect"}},
                     std::chrono::duration<double>(answered.duration).count());
  }

  void measure() {
    measure_sessions();
    const auto worker = worker_.status();
    const bool ready = worker.state == store::WorkerState::kReady;
    metrics_.set("pbaas_workers", {{"state", "ready"}}, ready ? 1 : 0);
    metrics_.set("pbaas_workers", {{"state", "draining"}}, ready ? 0 : 1);
    metrics_.set("pbaas_slots", {{"state", "used"}}, worker.used);
    metrics_.set("pbaas_slots", {{"state", "free"}}, worker.capacity - worker.used);
    metrics_.set("pbaas_browsers_live", {}, static_cast<double>(launcher_.live()));
    metrics_.set("pbaas_http_connections", {}, static_cast<double>(server_.connections()));
    metrics_.set("pbaas_isolation_none", {}, api_.isolation_none ? 1 : 0);
    const auto log = log_.stats();
    metrics_.set("pbaas_session_log_pending", {}, static_cast<double>(log.pending));
    metrics_.count_up_to("pbaas_session_log_failures_total", {},
                         static_cast<double>(log.failed_batches));
    measure_relays();
  }

  void measure_sessions() {
    std::map<session::SessionStatus, int> by_status{{session::SessionStatus::kStarting, 0},
                                                    {session::SessionStatus::kRunning, 0}};
    for (const auto& each : worker_.list()) ++by_status[each.status];
    by_status.erase(session::SessionStatus::kEnded);
    by_status[session::SessionStatus::kQueued] = static_cast<int>(sessions_.waiting());
    for (const auto& [status, count] : by_status) {
      metrics_.set("pbaas_sessions", {{"status", std::string(to_word(status))}}, count);
    }
    metrics_.set("pbaas_queue_waiting", {}, static_cast<double>(sessions_.waiting()));
  }

  void measure_relays() {
    const auto totals = relays_.totals();
    metrics_.set("pbaas_relays_open", {}, static_cast<double>(relays_.open()));
    const auto count = [this](const char* name, const char* direction, std::uint64_t total) {
      metrics_.count_up_to(name, {{"direction", direction}}, static_cast<double>(total));
    };
    count("pbaas_relay_bytes_total", "up", totals.bytes_up);
    count("pbaas_relay_bytes_total", "down", totals.bytes_down);
    count("pbaas_relay_messages_total", "up", totals.messages_up);
    count("pbaas_relay_messages_total", "down", totals.messages_down);
    for (const auto& [code, ends] : totals.ends) {
      metrics_.count_up_to("pbaas_relay_closes_total", {{"code", std::to_string(code)}},
                           static_cast<double>(ends));
    }
  }

  const Config& config_;
  net::Loop& loop_;
  const Clock& clock_;
  browser::Launcher& launcher_;
  store::SqliteSessionLog& log_;
  net::TaskGroup tasks_;
  Metrics metrics_;
  store::MemoryFleet fleet_;
  worker::Worker worker_;
  LocalWorkerClient workers_;
  gateway::SessionService sessions_;
  gateway::Sweeper sweeper_;
  gateway::Auth auth_;
  net::RelayPool relays_;
  gateway::Api api_;
  net::HttpServer server_;
  asio::signal_set signals_;
  Instant drain_deadline_{};
  bool draining_ = false;
  int exit_code_ = EXIT_SUCCESS;
};

int fail(const std::string& why) {
  std::fprintf(stderr, "pbaas: %s\n", why.c_str());
  return EXIT_FAILURE;
}

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
  if (!launching) return fail(launching.error().detail);
  const auto launcher = browser::Launcher::create(loop, clock, *launching);
  if (!launcher) return fail(launcher.error().detail);
  // After the launcher was made: its process would hold the lock for a moment longer than this one.
  ::umask(077);
  const auto data_dir = hold_data_dir(config.data_dir);
  if (!data_dir) return fail(data_dir.error().detail);
  auto log =
      store::SqliteSessionLog::open(loop, std::filesystem::path(config.data_dir) / "sessions.db");
  if (!log) return fail(log.error().detail);
  if (const auto ended = end_what_was_left(loop, clock, **log); !ended)
    return fail(ended.error().detail);
  Service service(config, loop, clock, **launcher, **log, browser_version(*launching));
  if (const auto started = service.start(); !started) return fail(started.error().detail);
  loop.run();
  return service.exit_code();
}

}  // namespace pbaas
