// The stores that processes of a fleet share, opened by the settings.
#pragma once

#include <memory>

#include "base/config.h"
#include "base/metrics.h"
#include "store/fleet_redis.h"
#include "store/session_log_postgres.h"

namespace pbaas {

struct SharedStores {
  std::unique_ptr<store::RedisFleet> fleet;
  std::unique_ptr<store::PostgresSessionLog> log;
};

// Blocks: for the start of the program. Errors: kInvalidField naming the setting,
// kStoreUnavailable.
Result<SharedStores> open_shared_stores(const Config& config, net::Loop& loop, const Clock& clock);

// The host of REDIS_URL. Errors: kInvalidField.
Result<std::string> redis_host(const Config& config);

// That gateway and worker have what they need of each other. Errors: kInvalidField.
Status check_fleet_settings(const Config& config);

void measure_fleet(Metrics& metrics, const store::RedisFleet& fleet);

}  // namespace pbaas
