#include "main/gateway_part.h"

#include "main/assets.h"
#include "main/limits.h"
#include "main/measure.h"
#include "net/event.h"

namespace pbaas {
namespace {

constexpr Duration kPoll{25};
constexpr Duration kUndoMax{2'000};

}  // namespace

GatewayPart::GatewayPart(const Config& config, net::Loop& loop, const Clock& clock,
                         store::Fleet& fleet, store::SessionLog& log,
                         gateway::WorkerClient& workers, net::RelayPool& relays, Metrics& metrics,
                         RecordingsFound recordings, std::string browser_version)
    : config_(config),
      clock_(clock),
      metrics_(metrics),
      tasks_(loop),
      sessions_(loop, clock, fleet, log, workers, directory_, metrics),
      sweeper_(loop, clock, fleet, workers),
      auth_({config.api_keys, config.allowed_origins, config.public_url}),
      api_{sessions_,
           fleet,
           workers,
           metrics,
           auth_,
           clock,
           option_limits(config, recordings.objects != nullptr),
           {config.public_url, config.trust_forwarded},
           std::move(browser_version),
           config.isolation == "none",
           assets_folder(),
           [this] { return draining_; },
           recordings.log,
           recordings.objects},
      server_(std::in_place, loop, clock, gateway::make_router(api_), relays, http_limits()) {
  server_->on_answered([this](const net::Answered& answered) {
    count_answer(metrics_, answered);
    observe_connect(metrics_, answered);
  });
  if (recordings.log && recordings.objects && config.recording_ttl.count() > 0) {
    retention_.emplace(gateway::RecordingStores{clock, *recordings.log, *recordings.objects},
                       config.recording_ttl);
  }
  metrics_.before_reading([this] { measure(); });
}

Result<int> GatewayPart::start() {
  const auto port = server_->listen(config_.host, config_.port);
  if (port) tasks_.spawn("sweeper", sweeper_.run());
  if (port && retention_) tasks_.spawn("retention", retention_->run());
  return port;
}

void GatewayPart::stop_admitting() {
  draining_ = true;
  sessions_.stop_admitting();
}

net::Task<void> GatewayPart::close(std::function<Deadline()> deadline) {
  server_->stop_accepting();
  while (server_->connections() > 0 && !deadline().passed(clock_)) co_await net::sleep_for(kPoll);
  // What is still under way is cancelled, and undoes what it did.
  server_.reset();
  co_await net::sleep_for(kPoll);
  const auto undone = Deadline::after(clock_, kUndoMax);
  co_await sessions_.settled(undone);
}

void GatewayPart::measure() {
  const auto waiting = static_cast<double>(sessions_.waiting());
  metrics_.set("pbaas_sessions", {{"status", "queued"}}, waiting);
  metrics_.set("pbaas_queue_waiting", {}, waiting);
  metrics_.set("pbaas_isolation_none", {}, api_.isolation_none ? 1 : 0);
  if (server_) measure_server(metrics_, *server_);
}

}  // namespace pbaas
