// A worker of a fleet whose browsers are made up, for the benchmark of the control plane: its place
// in the fleet, its control API and its part of the session log are the program's own, and only
// Chromium is not there. Takes REDIS_URL, DATABASE_URL, CLUSTER_SECRET and a folder for its spool;
// prints its port, and runs until stdin ends.
#include <unistd.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "net/http_server.h"
#include "net/relay_pool.h"
#include "store/fleet_redis.h"
#include "store/redis_url.h"
#include "store/session_log_postgres.h"
#include "worker/control_api.h"
#include "worker/fleet_member.h"

using namespace pbaas;

namespace {

// More than a run of the benchmark creates.
constexpr int kCapacity = 1'000'000;

class FakeBrowser final : public browser::Browser {
 public:
  const session::BrowserAddress& address() const override { return address_; }
  int pid() const override { return 1; }
  void on_exit(std::function<void(browser::BrowserExit)> callback) override {
    on_exit_ = std::move(callback);
  }
  void kill() override {
    if (on_exit_) std::exchange(on_exit_, nullptr)({});
  }
  net::Task<bool> answers(Deadline) override { co_return true; }
  void assign(const browser::LaunchSpec&) override {}

 private:
  session::BrowserAddress address_{9222, "00000000-0000-0000-0000-000000000000"};
  std::function<void(browser::BrowserExit)> on_exit_;
};

class FakeLauncher final : public browser::Launcher {
 public:
  net::Task<Result<std::unique_ptr<browser::Browser>>> launch(browser::LaunchSpec,
                                                              Deadline) override {
    co_return std::unique_ptr<browser::Browser>(std::make_unique<FakeBrowser>());
  }
  std::string signature(const session::SessionOptions&) const override { return {}; }
  std::size_t live() const override { return 0; }
  bool alive() const override { return true; }
};

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  if (value != nullptr) return value;
  std::fprintf(stderr, "fake_worker: %s is not set\n", name);
  std::exit(2);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const SystemClock clock;
  net::Loop loop;
  Metrics metrics;
  store::RedisFleet fleet(loop, clock, store::parse_redis_url(variable("REDIS_URL")).value(), 0);
  const auto log = store::PostgresSessionLog::open(
                       loop, {.url = variable("DATABASE_URL"), .spool_folder = argv[1]})
                       .value();
  FakeLauncher launcher;
  worker::Worker worker(loop, clock, {.id = "fake", .capacity = kCapacity}, launcher, *log,
                        metrics);
  worker::FleetMember member(loop, clock, worker, fleet, *log, metrics, {});
  worker.on_gone([&member](const session::Session& gone) { member.session_gone(gone); });
  worker::ControlApi api{worker, metrics, clock, ClusterProof(variable("CLUSTER_SECRET")), [] {}};
  net::RelayPool relays(1, clock, {});
  net::HttpServer server(loop, clock, worker::make_control_router(api), relays, {});
  const auto port = server.listen("127.0.0.1", 0);
  if (!port) return 1;
  worker.set_address("127.0.0.1:" + std::to_string(*port));
  member.start();
  std::printf("%d\n", *port);
  std::fflush(stdout);

  boost::asio::posix::stream_descriptor input(loop, ::dup(STDIN_FILENO));
  input.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [&](const boost::system::error_code&) { loop.stop(); });
  loop.run();
  // Nobody waits for sessions that are not there.
  std::_Exit(0);
}
