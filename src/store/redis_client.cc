#include "store/redis_client.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <utility>

#include "base/log.h"

namespace pbaas::store {
namespace {

// Calls that wait when Redis is slow. A gateway has far fewer at once; more than this means that
// Redis does not keep up, and waiting longer would not help.
constexpr std::size_t kWaitingMax = 20'000;
// Calls sent at once: enough that the way there and back costs little, few enough that their
// answers are there within one time limit.
constexpr std::size_t kPipelineMax = 128;
// A serve, a probe, and what posts them again.
constexpr std::size_t kRedisJobsMax = 16;

Error away_error() {
  return {Fault::kStoreUnavailable, "Redis does not answer; try again later", "", 1};
}

std::int64_t now_ms() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// A write to a connection that Redis closed must be an error, not the end of the program.
void ignore_broken_pipes() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Error refused(const RedisValue& answer) {
  return {Fault::kStoreUnavailable, "Redis refused: " + answer.text, "", 1};
}

RedisWords words_of(const RedisScript* script, const RedisWords& words, bool with_source) {
  if (!script) return words;
  RedisWords all{with_source ? "EVAL" : "EVALSHA",
                 std::string(with_source ? script->source : script->sha1), "0"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

// Errors after which the connection is to a server that cannot serve: one that loads its data, or
// that became a replica.
bool is_of_server(const RedisValue& value) {
  return value.is_error("LOADING") || value.is_error("READONLY") || value.is_error("MASTERDOWN");
}

}  // namespace

RedisClient::RedisClient(net::Loop& loop, RedisUrl url, RedisTimes times)
    : loop_(loop),
      url_(std::move(url)),
      times_(times),
      retry_(times.retry_min),
      thread_(loop, "pbaas-redis", kRedisJobsMax) {
  thread_.post(ignore_broken_pipes);
}

RedisClient::~RedisClient() {
  stopping_ = true;
  thread_.finish();
}

RedisStats RedisClient::stats() const {
  return {calls_, failed_, lost_, is_away()};
}

net::Task<Result<RedisValue>> RedisClient::command(RedisWords words) {
  auto call = std::make_shared<Call>(loop_);
  call->words = std::move(words);
  return send(std::move(call));
}

net::Task<Result<RedisValue>> RedisClient::run(const RedisScript& script, RedisWords arguments) {
  auto call = std::make_shared<Call>(loop_);
  call->words = std::move(arguments);
  call->script = &script;
  return send(std::move(call));
}

// The client may be gone when the wait is over, so nothing of it is named after that.
net::Task<Result<RedisValue>> RedisClient::send(std::shared_ptr<Call> call) {
  call->timer.expires_after(times_.call);
  if (const auto refused = enqueue(call)) co_return *refused;
  boost::system::error_code error;
  auto token = boost::asio::redirect_error(boost::asio::use_awaitable, error);
  if (!call->done) co_await call->timer.async_wait(token);
  if (call->done) co_return std::move(*call->result);
  if (error) throw boost::system::system_error(error);
  co_return away_error();
}

bool RedisClient::is_away() const {
  const auto busy_since = busy_since_ms_.load();
  return away_ || (busy_since != 0 && now_ms() - busy_since > times_.call.count());
}

std::optional<Error> RedisClient::enqueue(const std::shared_ptr<Call>& call) {
  ++calls_;
  const bool away = is_away();
  const std::lock_guard lock(mutex_);
  if (away || waiting_.size() >= kWaitingMax) {
    ++failed_;
    return away_error();
  }
  waiting_.push_back(call);
  if (!is_serving_) is_serving_ = thread_.post([this] { serve(); });
  return std::nullopt;
}

RedisClient::Calls RedisClient::take_waiting(std::size_t limit) {
  const std::lock_guard lock(mutex_);
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(std::min(limit, waiting_.size()));
  Calls calls(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  if (calls.empty()) is_serving_ = false;
  return calls;
}

void RedisClient::serve() {
  for (;;) {
    Calls calls = take_waiting(kPipelineMax);
    if (calls.empty()) return;
    busy_since_ms_ = now_ms();
    serve(calls);
    busy_since_ms_ = 0;
  }
}

void RedisClient::serve(const Calls& calls) {
  if (away_) return finish(calls, away_error());
  Status sent = exchange(calls, Form::kSha1);
  Calls unknown;
  for (const auto& call : calls) {
    if (sent && call->script && call->answer && call->answer->is_error("NOSCRIPT"))
      unknown.push_back(call);
  }
  for (const auto& call : unknown) call->answer.reset();
  if (!unknown.empty()) sent = exchange(unknown, Form::kSource);
  finish(calls, sent);
  if (!sent) go_away(sent.error());
}

// A connection that was closed since its last use says nothing about Redis now: a new one is tried,
// once.
Status RedisClient::exchange(const Calls& calls, Form form) {
  const bool may_be_stale = connection_ != nullptr;
  const auto sent = exchange_once(calls, form);
  if (sent || !may_be_stale || !connection_->was_closed()) return sent;
  connection_.reset();
  return exchange_once(calls, form);
}

Status RedisClient::exchange_once(const Calls& calls, Form form) {
  if (const auto connected = connect(); !connected) return connected;
  Calls unanswered;
  std::vector<RedisWords> commands;
  for (const auto& call : calls) {
    if (call->answer) continue;
    unanswered.push_back(call);
    commands.push_back(words_of(call->script, call->words, form == Form::kSource));
  }
  std::vector<RedisValue> answers;
  const auto by = std::chrono::steady_clock::now() + times_.answer;
  const auto sent = connection_->exchange(commands, by, answers);
  for (std::size_t n = 0; n < answers.size(); ++n) unanswered[n]->answer = std::move(answers[n]);
  if (!sent) return sent;
  for (const auto& call : unanswered) {
    if (is_of_server(*call->answer)) return refused(*call->answer);
  }
  return {};
}

Status RedisClient::connect() {
  if (connection_) return {};
  const auto by = std::chrono::steady_clock::now() + times_.connect;
  auto opened = RedisConnection::open(url_, by);
  if (!opened) return opened.error();
  connection_ = std::move(*opened);
  return {};
}

void RedisClient::finish(const Calls& calls, const Status& sent) {
  for (const auto& call : calls) {
    if (call->answer && call->answer->kind != RedisValue::Kind::kError)
      call->result.emplace(std::move(*call->answer));
    else
      call->result.emplace(call->answer ? refused(*call->answer) : sent.error());
    if (!*call->result) ++failed_;
    // Only an answer says that it is really back: one that is read-only answers a PING too.
    if (*call->result) retry_ = times_.retry_min;
  }
  boost::asio::post(loop_, [calls] {
    for (const auto& call : calls) {
      call->done = true;
      call->timer.cancel();
    }
  });
}

void RedisClient::go_away(const Error& error) {
  connection_.reset();
  ++lost_;
  away_ = true;
  log::warn("redis is away", {{"redis", url_.name()}, {"error", error.detail}});
  thread_.post_later(retry_, [this] { probe(); });
}

void RedisClient::probe() {
  if (stopping_) return;
  if (connect()) {
    away_ = false;
    log::info("redis is back", {{"redis", url_.name()}});
    return;
  }
  retry_ = std::min(2 * retry_, times_.retry_max);
  thread_.post_later(retry_, [this] { probe(); });
}

}  // namespace pbaas::store
