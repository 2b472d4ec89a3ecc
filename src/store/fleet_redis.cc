#include "store/fleet_redis.h"

#include <algorithm>
#include <utility>

#include "store/fleet_reply.h"
#include "store/fleet_scripts.h"

namespace pbaas::store {
namespace {

// Workers read by one script: few enough that a create waits little behind it.
constexpr std::size_t kWorkersAtOnce = 100;

std::string text_of(Duration duration) {
  return std::to_string(duration.count());
}

}  // namespace

RedisFleet::RedisFleet(net::Loop& loop, const Clock& clock, RedisUrl url, std::size_t queue_limit,
                       FleetTimes times, RedisTimes redis_times)
    : clock_(clock),
      queue_limit_(queue_limit),
      times_(times),
      client_(loop, std::move(url), redis_times) {}

net::Task<Result<RedisValue>> RedisFleet::run(std::string_view script, RedisWords arguments) {
  return client_.run(fleet_script(script), std::move(arguments));
}

net::Task<Status> RedisFleet::run_for_nothing(std::string_view script, RedisWords arguments) {
  const auto reply = co_await run(script, std::move(arguments));
  if (!reply) co_return reply.error();
  co_return Status{};
}

net::Task<Result<Discrepancies>> RedisFleet::heartbeat(const WorkerStatus& worker,
                                                       const std::vector<SessionId>& sessions) {
  RedisWords arguments{worker.worker.id,
                       worker.worker.epoch,
                       worker.worker.address,
                       std::to_string(worker.capacity),
                       std::string(to_word(worker.state)),
                       worker.version,
                       std::to_string(worker.warm),
                       text_of(times_.worker_max()),
                       text_of(times_.placement_max)};
  for (const auto& session : sessions) arguments.push_back(session.text());
  const auto reply = co_await run("heartbeat", std::move(arguments));
  if (!reply) co_return reply.error();
  co_return read_discrepancies(*reply);
}

net::Task<Result<std::vector<WorkerStatus>>> RedisFleet::workers() {
  RedisWords words{"ZRANGE", "pbaas:workers", "0", "-1"};
  const auto listed = co_await client_.command(std::move(words));
  if (!listed) co_return listed.error();
  auto ids = read_texts(*listed);
  if (!ids) co_return ids.error();
  std::sort(ids->begin(), ids->end());
  std::vector<WorkerStatus> all;
  for (std::size_t from = 0; from < ids->size(); from += kWorkersAtOnce) {
    const auto first = ids->begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = std::min(kWorkersAtOnce, ids->size() - from);
    RedisWords page(first, first + static_cast<std::ptrdiff_t>(count));
    const auto reply = co_await run("workers", std::move(page));
    if (!reply) co_return reply.error();
    auto statuses = read_statuses(*reply);
    if (!statuses) co_return statuses.error();
    std::move(statuses->begin(), statuses->end(), std::back_inserter(all));
  }
  co_return all;
}

net::Task<Status> RedisFleet::forget(const WorkerRef& worker) {
  RedisWords arguments{worker.id, worker.epoch};
  return run_for_nothing("forget", std::move(arguments));
}

net::Task<Result<Placement>> RedisFleet::place(const SessionId& session, const std::string& owner,
                                               const std::vector<std::string>& avoid) {
  RedisWords arguments{session.text(), owner, std::to_string(queue_limit_),
                       text_of(times_.ticket_max)};
  arguments.insert(arguments.end(), avoid.begin(), avoid.end());
  const auto reply = co_await run("place", std::move(arguments));
  if (!reply) co_return reply.error();
  co_return read_placement(*reply, queue_limit_);
}

net::Task<Status> RedisFleet::release(const SessionId& session) {
  RedisWords arguments{session.text()};
  return run_for_nothing("release", std::move(arguments));
}

net::Task<Result<std::size_t>> RedisFleet::waiting() {
  RedisWords arguments{text_of(times_.ticket_max)};
  const auto reply = co_await run("waiting", std::move(arguments));
  if (!reply) co_return reply.error();
  co_return read_count(*reply);
}

net::Task<Status> RedisFleet::publish(const SessionPlace& place) {
  RedisWords arguments{place.session.text(),
                       place.worker.id,
                       place.worker.epoch,
                       place.worker.address,
                       std::to_string(place.browser.debug_port),
                       place.browser.guid,
                       place.owner,
                       text_of(place.deadline - clock_.now())};
  return run_for_nothing("publish", std::move(arguments));
}

net::Task<Result<SessionPlace>> RedisFleet::find(const SessionId& session) {
  RedisWords arguments{session.text()};
  const auto reply = co_await run("find", std::move(arguments));
  if (!reply) co_return reply.error();
  co_return read_place(*reply, clock_.now());
}

net::Task<Result<std::vector<SessionPlace>>> RedisFleet::claim_due(Duration hold,
                                                                   std::size_t limit) {
  RedisWords arguments{text_of(hold), std::to_string(limit)};
  const auto reply = co_await run("claim", std::move(arguments));
  if (!reply) co_return reply.error();
  co_return read_places(*reply, clock_.now());
}

}  // namespace pbaas::store
