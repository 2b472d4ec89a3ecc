// How long it takes to choose a worker, at 10, 1,000 and 10,000 registered workers, beside the
// least that anything in Redis takes over the same connection: PING and ZADD. Each size has a Redis
// of its own, and the sizes take turns. Prints a Markdown table.
#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "store/fleet_redis.h"
#include "support/redis_server.h"
#include "support/run_task.h"

namespace pbaas::store {
namespace {

using std::chrono::steady_clock;

constexpr int kCapacity = 20;
constexpr int kRounds = 20;
constexpr int kCallsPerRound = 500;
constexpr int kHeartbeatSessions = 1000;

double micros_since(steady_clock::time_point begun) {
  return std::chrono::duration<double, std::micro>(steady_clock::now() - begun).count();
}

// Micros of calls of one kind.
class Samples {
 public:
  void add(double micros) { micros_.push_back(micros); }
  std::string text() {
    std::sort(micros_.begin(), micros_.end());
    char line[64];
    std::snprintf(line, sizeof line, "%.0f · %.0f", at(0.50), at(0.99));
    return line;
  }

 private:
  double at(double share) const {
    return micros_.at(static_cast<std::size_t>(share * static_cast<double>(micros_.size() - 1)));
  }
  std::vector<double> micros_;
};

// Places one session after another and releases each.
net::Task<void> place_many(RedisFleet& fleet, int count) {
  const std::vector<std::string> nobody;
  for (int n = 0; n < count; ++n) {
    const auto session = SessionId::random();
    const auto placed = co_await fleet.place(session, "bench", nobody);
    if (!placed || !placed->worker) std::abort();
    const auto released = co_await fleet.release(session);
    if (!released) std::abort();
  }
}

// A fleet of so many workers, half full in the mean, and what was measured in it.
class MeasuredFleet {
 public:
  explicit MeasuredFleet(int workers)
      : workers_(workers),
        fleet_(loop_, clock_, url(), 1000, {.heartbeat = Duration{3'600'000}}),
        client_(loop_, url()) {
    for (int n = 0; n < workers; ++n) heartbeat(n, n % kCapacity);
  }

  void measure() {
    for (int n = 0; n < kCallsPerRound; ++n) {
      RedisWords ping_words{"PING"};
      ping_.add(timed(client_.command(ping_words)));
      RedisWords zadd_words{"ZADD", "bench", std::to_string(n), "member"};
      zadd_.add(timed(client_.command(zadd_words)));
      const auto session = SessionId::random();
      place_.add(timed(fleet_.place(session, "bench", {})));
      release_.add(timed(fleet_.release(session)));
    }
    heartbeat_.add(heartbeat(workers_, kHeartbeatSessions));
  }

  // Creates and releases a second, of a gateway that has 64 at once.
  double rate() {
    constexpr int kTasks = 64, kEach = 200;
    const auto begun = steady_clock::now();
    for (int n = 0; n < kTasks; ++n)
      boost::asio::co_spawn(loop_, place_many(fleet_, kEach), boost::asio::detached);
    loop_.restart();
    loop_.run();
    return kTasks * kEach / micros_since(begun) * 1e6;
  }

  void print() {
    std::printf("| %d | %s | %s | %s | %s | %s | %.0f |\n", workers_, ping_.text().c_str(),
                zadd_.text().c_str(), place_.text().c_str(), release_.text().c_str(),
                heartbeat_.text().c_str(), rate());
  }

 private:
  RedisUrl url() const { return {.host = "127.0.0.1", .port = server_.port()}; }

  template <typename T>
  double timed(net::Task<T> task) {
    const auto begun = steady_clock::now();
    if (!support::run_task(loop_, std::move(task))) std::abort();
    return micros_since(begun);
  }

  // The last worker is the one of a thousand sessions, which is full.
  double heartbeat(int number, int sessions) {
    const std::string id = "worker-" + std::to_string(number);
    auto& held = held_[id];
    while (held.size() < static_cast<std::size_t>(sessions)) held.push_back(SessionId::random());
    const WorkerStatus status{.worker = {id, "epoch", "10.0.0.1:9100"},
                              .capacity = std::max(kCapacity, sessions)};
    return timed(fleet_.heartbeat(status, held));
  }

  const int workers_;
  support::RedisServer server_;
  net::Loop loop_;
  SystemClock clock_;
  RedisFleet fleet_;
  RedisClient client_;
  std::map<std::string, std::vector<SessionId>> held_;
  Samples ping_, zadd_, place_, release_, heartbeat_;
};

}  // namespace
}  // namespace pbaas::store

int main() {
  using pbaas::store::MeasuredFleet;
  std::vector<std::unique_ptr<MeasuredFleet>> fleets;
  for (const int workers : {10, 1'000, 10'000})
    fleets.push_back(std::make_unique<MeasuredFleet>(workers));
  for (int round = 0; round < pbaas::store::kRounds; ++round) {
    for (auto& fleet : fleets) fleet->measure();
  }
  std::printf("p50 · p99 in µs, over one connection; the rate is of one gateway\n\n");
  std::printf(
      "| workers | PING | ZADD | place | release | heartbeat of 1,000 sessions | "
      "placed and released a second, 64 at once |\n|---|---|---|---|---|---|---|\n");
  for (auto& fleet : fleets) fleet->print();
}
