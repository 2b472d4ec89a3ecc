#include "store/redis_connection.h"

#include <hiredis/hiredis.h>

#include <cerrno>
#include <utility>

namespace pbaas::store {
namespace {

using Moment = RedisConnection::Moment;

timeval left_until(Moment by) {
  const auto left =
      std::chrono::duration_cast<std::chrono::microseconds>(by - std::chrono::steady_clock::now());
  // Of zero the kernel makes no timeout at all.
  const auto micros = std::max<std::int64_t>(left.count(), 1000);
  return {micros / 1'000'000, micros % 1'000'000};
}

RedisValue value_of(const redisReply& reply) {
  using Kind = RedisValue::Kind;
  switch (reply.type) {
    case REDIS_REPLY_INTEGER:
      return {Kind::kInteger, reply.integer};
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
      return {Kind::kText, 0, std::string(reply.str, reply.len)};
    case REDIS_REPLY_ERROR:
      return {Kind::kError, 0, std::string(reply.str, reply.len)};
    case REDIS_REPLY_ARRAY: {
      RedisValue list{Kind::kList};
      list.items.reserve(reply.elements);
      for (std::size_t n = 0; n < reply.elements; ++n)
        list.items.push_back(value_of(*reply.element[n]));
      return list;
    }
    default:
      return {};
  }
}

Error unavailable(const std::string& name, const std::string& problem) {
  return {Fault::kStoreUnavailable, "Redis at " + name + ": " + problem, "", 1};
}

}  // namespace

RedisConnection::RedisConnection(redisContext* context, std::string name)
    : context_(context), name_(std::move(name)) {}

RedisConnection::~RedisConnection() {
  redisFree(context_);
}

Result<std::unique_ptr<RedisConnection>> RedisConnection::open(const RedisUrl& url, Moment by) {
  redisContext* context = redisConnectWithTimeout(url.host.c_str(), url.port, left_until(by));
  if (!context) return unavailable(url.name(), "no memory for a connection");
  std::unique_ptr<RedisConnection> made(new RedisConnection(context, url.name()));
  if (context->err) return made->problem();
  redisEnableKeepAlive(context);
  if (const auto ready = made->log_in(url, by); !ready) return ready.error();
  return made;
}

Status RedisConnection::log_in(const RedisUrl& url, Moment by) {
  std::vector<RedisWords> commands;
  if (!url.user.empty())
    commands.push_back({"AUTH", url.user, url.password});
  else if (!url.password.empty())
    commands.push_back({"AUTH", url.password});
  if (url.database != 0) commands.push_back({"SELECT", std::to_string(url.database)});
  commands.push_back({"PING"});
  std::vector<RedisValue> answers;
  if (const auto sent = exchange(commands, by, answers); !sent) return sent;
  // Redis names in its errors what it refuses, never a password.
  for (const auto& answer : answers) {
    if (answer.kind == RedisValue::Kind::kError) return unavailable(name_, answer.text);
  }
  return {};
}

Status RedisConnection::exchange(const std::vector<RedisWords>& commands, Moment by,
                                 std::vector<RedisValue>& answers) {
  for (const auto& words : commands) {
    std::vector<const char*> starts;
    std::vector<std::size_t> lengths;
    for (const auto& word : words) {
      starts.push_back(word.data());
      lengths.push_back(word.size());
    }
    const auto count = static_cast<int>(words.size());
    if (redisAppendCommandArgv(context_, count, starts.data(), lengths.data()) != REDIS_OK)
      return problem();
  }
  if (const auto sent = send(by); !sent) return sent;
  for (std::size_t n = 0; n < commands.size(); ++n) {
    auto answer = read(by);
    if (!answer) return answer.error();
    answers.push_back(std::move(*answer));
  }
  return {};
}

// Hiredis bounds each system call alone, so the time that is left is set before every one.
bool RedisConnection::wait_at_most_until(Moment by) {
  if (std::chrono::steady_clock::now() >= by) return false;
  return redisSetTimeout(context_, left_until(by)) == REDIS_OK;
}

Status RedisConnection::send(Moment by) {
  int done = 0;
  while (!done) {
    if (!wait_at_most_until(by)) return unavailable(name_, "did not answer in time");
    if (redisBufferWrite(context_, &done) != REDIS_OK) return problem();
  }
  return {};
}

Result<RedisValue> RedisConnection::read(Moment by) {
  for (;;) {
    void* reply = nullptr;
    if (redisGetReplyFromReader(context_, &reply) != REDIS_OK) return problem();
    if (reply) {
      RedisValue value = value_of(*static_cast<redisReply*>(reply));
      freeReplyObject(reply);
      return value;
    }
    if (!wait_at_most_until(by)) return unavailable(name_, "did not answer in time");
    if (redisBufferRead(context_) != REDIS_OK) return problem();
  }
}

// Called right after hiredis failed, while errno still says why.
Error RedisConnection::problem() {
  const int cause = context_->err == REDIS_ERR_IO ? errno : 0;
  was_closed_ = context_->err == REDIS_ERR_EOF || cause == ECONNRESET || cause == EPIPE;
  const bool is_late = cause == EAGAIN || cause == ETIMEDOUT;
  return unavailable(name_, is_late ? "did not answer in time" : context_->errstr);
}

}  // namespace pbaas::store
