// A RedisFleet for tests, on a Redis server that the whole test program shares.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "store/fleet_redis.h"
#include "support/redis_server.h"

namespace pbaas::store {

inline support::RedisServer& shared_redis() {
  static support::RedisServer server;
  return server;
}

inline RedisUrl url_of(const support::RedisServer& server) {
  return {.host = "127.0.0.1", .port = server.port(), .password = server.password()};
}

class RedisRig {
 public:
  RedisRig(net::Loop& loop, std::size_t queue_limit, FleetTimes times)
      : fleet_(loop, clock_, url_of(emptied()), queue_limit, times) {}
  Fleet& fleet() { return fleet_; }
  RedisFleet& redis_fleet() { return fleet_; }
  const Clock& clock() { return clock_; }
  // Redis counts whole milliseconds, from when a call arrives there.
  void advance(Duration by) { std::this_thread::sleep_for(by + Duration{5}); }

 private:
  static support::RedisServer& emptied() {
    shared_redis().ask("FLUSHALL");
    return shared_redis();
  }

  SystemClock clock_;
  RedisFleet fleet_;
};

}  // namespace pbaas::store
