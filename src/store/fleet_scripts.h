// The scripts of the fleet in Redis, embedded from src/store/lua/. For fleet_redis.cc and tests.
#pragma once

#include <vector>

#include "store/redis_value.h"

namespace pbaas::store {

const std::vector<RedisScript>& fleet_scripts();
// Throws std::logic_error for a name that is none.
const RedisScript& fleet_script(std::string_view name);

}  // namespace pbaas::store
