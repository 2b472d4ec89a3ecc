// One connection to Redis, which blocks. Owned by whoever runs the thread it is used on. After an
// error it is of no more use: another one is opened.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/error.h"
#include "store/redis_url.h"
#include "store/redis_value.h"

struct redisContext;

namespace pbaas::store {

class RedisConnection {
 public:
  using Moment = std::chrono::steady_clock::time_point;

  // Connects, logs in and makes sure that Redis answers. Errors: kStoreUnavailable, with what is
  // wrong, also when that is the password.
  static Result<std::unique_ptr<RedisConnection>> open(const RedisUrl& url, Moment by);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Sends all commands at once and appends their answers, in order, to `answers`; after an error
  // there are those that came before it. Errors: kStoreUnavailable.
  Status exchange(const std::vector<RedisWords>& commands, Moment by,
                  std::vector<RedisValue>& answers);
  // Whether the error was that the other side had closed the connection, as a server does that was
  // restarted since: then it is worth to try again at once.
  bool was_closed() const { return was_closed_; }

 private:
  RedisConnection(redisContext* context, std::string name);
  Status log_in(const RedisUrl& url, Moment by);
  bool wait_at_most_until(Moment by);
  Status send(Moment by);
  Result<RedisValue> read(Moment by);
  Error problem();

  redisContext* context_;
  std::string name_;
  bool was_closed_ = false;
};

}  // namespace pbaas::store
