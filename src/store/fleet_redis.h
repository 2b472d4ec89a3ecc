// The fleet of many processes, in Redis: each call is one script, so that many gateways and workers
// see one fleet. Redis is one primary (not a cluster) of version 6.2 or later that evicts nothing;
// it may be emptied at any moment, and heartbeats fill it again. Owned by main; loop thread only.
#pragma once

#include <memory>
#include <string>

#include "store/fleet.h"
#include "store/redis_client.h"

namespace pbaas::store {

class RedisFleet final : public Fleet {
 public:
  // At most `queue_limit` creates of all gateways wait. Redis has its own clock: `clock` is only to
  // give deadlines as their callers count them.
  RedisFleet(net::Loop& loop, const Clock& clock, RedisUrl url, std::size_t queue_limit,
             FleetTimes times = {}, RedisTimes redis_times = {});

  net::Task<Result<Discrepancies>> heartbeat(const WorkerStatus& worker,
                                             const std::vector<SessionId>& sessions) override;
  net::Task<Result<std::vector<WorkerStatus>>> workers() override;
  net::Task<Status> forget(const WorkerRef& worker) override;
  net::Task<Result<Placement>> place(const SessionId& session, const std::string& owner,
                                     const std::vector<std::string>& avoid) override;
  net::Task<Status> release(const SessionId& session) override;
  net::Task<Result<std::size_t>> waiting() override;
  net::Task<Status> publish(const SessionPlace& place) override;
  net::Task<Result<SessionPlace>> find(const SessionId& session) override;
  net::Task<Result<std::vector<SessionPlace>>> claim_due(Duration hold, std::size_t limit) override;

  RedisStats stats() const { return client_.stats(); }

 private:
  net::Task<Result<RedisValue>> run(std::string_view script, RedisWords arguments);
  net::Task<Status> run_for_nothing(std::string_view script, RedisWords arguments);

  const Clock& clock_;
  const std::size_t queue_limit_;
  const FleetTimes times_;
  RedisClient client_;
};

}  // namespace pbaas::store
