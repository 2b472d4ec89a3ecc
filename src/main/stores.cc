#include "main/stores.h"

#include <filesystem>

#include "store/redis_url.h"

namespace pbaas {
namespace {

Error missing(const char* variable, const char* what) {
  return {Fault::kInvalidField, std::string(variable) + " is not set; it takes " + what, variable};
}

}  // namespace

Status check_fleet_settings(const Config& config) {
  if (config.redis_url.empty())
    return missing("REDIS_URL", "redis://[user:password@]host:port[/database]");
  if (config.database_url.empty())
    return missing("DATABASE_URL", "postgresql://[user:password@]host:port/database");
  if (config.cluster_secret.empty())
    return missing("CLUSTER_SECRET",
                   "16 characters or more, the same for all gateways and workers of a fleet");
  if (config.worker_lease < 3 * config.heartbeat) {
    return Error{Fault::kInvalidField,
                 "WORKER_LEASE is shorter than three times HEARTBEAT: a worker would end its "
                 "sessions before it is missed",
                 "WORKER_LEASE"};
  }
  return {};
}

Result<SharedStores> open_shared_stores(const Config& config, net::Loop& loop, const Clock& clock) {
  const auto url = store::parse_redis_url(config.redis_url);
  if (!url) return url.error();
  SharedStores stores;
  const store::FleetTimes times{.heartbeat = config.heartbeat};
  stores.fleet = std::make_unique<store::RedisFleet>(
      loop, clock, *url, static_cast<std::size_t>(config.queue_limit), times);
  const auto spool = std::filesystem::path(config.data_dir) / "spool";
  auto log = store::PostgresSessionLog::open(loop, {.url = config.database_url,
                                                    .spool_folder = spool.string(),
                                                    .spool_bytes_max = config.spool_max});
  if (!log) return log.error();
  stores.log = std::move(*log);
  return stores;
}

Result<std::string> redis_host(const Config& config) {
  const auto url = store::parse_redis_url(config.redis_url);
  if (!url) return url.error();
  return url->host;
}

void measure_fleet(Metrics& metrics, const store::RedisFleet& fleet) {
  metrics.set("pbaas_store_away", {{"store", "redis"}}, fleet.stats().away ? 1 : 0);
}

}  // namespace pbaas
