// Redis for tasks of the loop: commands and scripts, sent by a thread of its own, many at once
// where many wait. While Redis is away every call fails at once, and only the thread tries to reach
// it again; no call takes longer than RedisTimes::call. Owned by a store; called on the loop, which
// must outlive it.
#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "net/task.h"
#include "store/blocking_thread.h"
#include "store/redis_connection.h"

namespace pbaas::store {

struct RedisTimes {
  Duration connect{300};
  Duration answer{400};
  Duration call{900};  // whole: more than a lost connection, a new one and the answer take
  Duration retry_min{50};
  Duration retry_max{1'000};
};

// Since the start.
struct RedisStats {
  std::uint64_t calls = 0;
  std::uint64_t failed = 0;  // of these; refused at once while Redis was away, too
  std::uint64_t lost = 0;    // times it went away
  bool away = false;
};

class RedisClient {
 public:
  // Connects at the first call.
  RedisClient(net::Loop& loop, RedisUrl url, RedisTimes times = {});
  ~RedisClient();

  // Both give Redis's answer, which is never an error of Redis: that becomes kStoreUnavailable, as
  // does everything else that goes wrong. What failed may have been done all the same; if the
  // connection was lost it may be done twice, so it must be harmless to repeat.
  net::Task<Result<RedisValue>> command(RedisWords words);
  net::Task<Result<RedisValue>> run(const RedisScript& script, RedisWords arguments);

  RedisStats stats() const;

 private:
  using Moment = RedisConnection::Moment;

  // A call on its way. Shared by its task and the thread, for either may be gone first: the timer
  // and `done` are the loop's, the rest is the thread's until then.
  struct Call {
    explicit Call(net::Loop& loop) : timer(loop) {}
    RedisWords words;
    const RedisScript* script = nullptr;
    std::optional<RedisValue> answer;
    std::optional<Result<RedisValue>> result;
    boost::asio::steady_timer timer;
    bool done = false;
  };
  using Calls = std::vector<std::shared_ptr<Call>>;

  net::Task<Result<RedisValue>> send(std::shared_ptr<Call> call);
  std::optional<Error> enqueue(const std::shared_ptr<Call>& call);
  bool is_away() const;

  // On the thread. A script goes by its name, or whole where Redis does not know it.
  enum class Form { kSha1, kSource };
  void serve();
  Calls take_waiting(std::size_t limit);
  void serve(const Calls& calls);
  Status exchange(const Calls& calls, Form form);
  Status exchange_once(const Calls& calls, Form form);
  Status connect();
  void finish(const Calls& calls, const Status& sent);
  void go_away(const Error& error);
  void probe();

  net::Loop& loop_;
  const RedisUrl url_;
  const RedisTimes times_;
  // Calls that wait for the thread.
  mutable std::mutex mutex_;
  std::deque<std::shared_ptr<Call>> waiting_;
  bool is_serving_ = false;
  std::atomic<bool> away_ = false;
  std::atomic<bool> stopping_ = false;
  // When the thread began what it is at, in steady milliseconds; 0 when it is at nothing.
  std::atomic<std::int64_t> busy_since_ms_ = 0;
  std::atomic<std::uint64_t> calls_ = 0;
  std::atomic<std::uint64_t> failed_ = 0;
  std::atomic<std::uint64_t> lost_ = 0;
  // The thread's.
  std::unique_ptr<RedisConnection> connection_;
  Duration retry_;
  BlockingThread thread_;
};

}  // namespace pbaas::store
