// What the fleet's scripts answer, read. Pure; for fleet_redis.cc alone. What no script of this
// version answers is kStoreUnavailable: another program has written to our keys.
#pragma once

#include <vector>

#include "store/fleet.h"
#include "store/redis_value.h"

namespace pbaas::store {

Result<Discrepancies> read_discrepancies(const RedisValue& reply);
Result<std::vector<std::string>> read_texts(const RedisValue& reply);
Result<std::vector<WorkerStatus>> read_statuses(const RedisValue& reply);
// Errors: kQueueFull, which names the limit.
Result<Placement> read_placement(const RedisValue& reply, std::size_t queue_limit);
// `now` is the caller's, as of the answer. Errors: kNoSuchSession.
Result<SessionPlace> read_place(const RedisValue& reply, Instant now);
Result<std::vector<SessionPlace>> read_places(const RedisValue& reply, Instant now);
Result<std::size_t> read_count(const RedisValue& reply);

}  // namespace pbaas::store
