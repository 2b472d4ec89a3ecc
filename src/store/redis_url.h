// Where Redis is, as REDIS_URL says it: redis://[[user]:password@]host[:port][/database]. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace pbaas::store {

struct RedisUrl {
  std::string host;
  int port = 6379;
  int database = 0;
  std::string user{};
  std::string password{};  // never logged

  // For people: without user and password.
  std::string name() const;
};

// Errors: kInvalidField of REDIS_URL, which never repeats the URL, for a password may be in it.
Result<RedisUrl> parse_redis_url(std::string_view url);

}  // namespace pbaas::store
