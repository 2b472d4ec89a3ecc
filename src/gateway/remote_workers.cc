#include "gateway/remote_workers.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <set>

#include "base/log.h"
#include "net/connect.h"
#include "net/event.h"
#include "net/finish_by.h"
#include "session/record_json.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using session::ProbeAnswer;
using session::Session;

// A start takes as long as the worker gives a launch, and the way there and back.
constexpr Duration kStartMax{40'000};
constexpr Duration kAnswerMax{10'000};
// A worker that lives and is reachable answers its probe in milliseconds.
constexpr Duration kProbeMax{2'000};

Error unreachable(const std::string& address, const std::string& why) {
  return {Fault::kBrowserUnreachable, "the worker at " + address + " does not answer: " + why};
}

Error nonsense(const store::WorkerRef& worker) {
  return unreachable(worker.address, "its answer is not what was asked for");
}

Result<json::object> object_in(const net::Response& response, const store::WorkerRef& worker) {
  boost::system::error_code failed;
  auto body = json::parse(response.body, failed);
  if (failed || !body.is_object()) return nonsense(worker);
  return std::move(body.as_object());
}

// What run_unless runs gives nothing, so its outcome is written to `result`.
net::Task<void> keep(net::Task<Result<Session>> asking, std::optional<Result<Session>>& result) {
  result = co_await std::move(asking);
}

std::string path_of(const SessionId& session) {
  return "/session/" + session.text();
}

}  // namespace

Result<net::Endpoint> endpoint_of_address(std::string_view address) {
  const auto colon = address.rfind(':');
  if (colon == std::string_view::npos)
    return unreachable(std::string(address), "it is no host and port");
  auto host = address.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto digits = address.substr(colon + 1);
  int port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size())
    return unreachable(std::string(address), "it has no port");
  return net::Endpoint{std::string(host), port};
}

net::Headers RemoteWorkers::proven(const store::WorkerRef& worker) const {
  net::Headers headers;
  headers.add("Authorization", "Bearer " + proof_.of(worker.epoch));
  headers.add("X-Worker-Epoch", worker.epoch);
  return headers;
}

net::Task<Result<net::Response>> RemoteWorkers::ask(store::WorkerRef worker, net::Outgoing request,
                                                    Duration answer_max) {
  const auto at = endpoint_of_address(worker.address);
  if (!at) co_return at.error();
  request.headers = proven(worker);
  const auto deadline = Deadline::after(clock_, answer_max);
  auto asking = net::fetch(*at, std::move(request), deadline, clock_);
  auto response = co_await std::move(asking);
  if (!response) co_return unreachable(worker.address, response.error().detail);
  if (response->status < 400) co_return response;
  // Only the caller knows what another run of the worker means; the rest is as for a client.
  const auto error = net::error_of(*response);
  if (error.fault == Fault::kNoSuchWorker) co_return error;
  if (error.fault == Fault::kUnauthorized)
    log::error("cluster_secret_differs", {{"worker", worker.id}, {"address", worker.address}});
  co_return net::error_behind(*response);
}

net::Task<Result<Session>> RemoteWorkers::ask_session(store::WorkerRef worker,
                                                      net::Outgoing request, Duration answer_max) {
  auto asking = ask(worker, std::move(request), answer_max);
  const auto response = co_await std::move(asking);
  if (!response) co_return response.error();
  const auto record = object_in(*response, worker);
  if (!record) co_return record.error();
  auto session = session::session_from_record(*record);
  if (!session) co_return nonsense(worker);
  co_return session;
}

net::Task<Result<Session>> RemoteWorkers::start(const store::WorkerRef& worker, Session session) {
  const store::WorkerRef asked = worker;
  net::Outgoing request{"POST", "/session"};
  request.body = json::serialize(session::to_record(session, session::Secrets::kShown));
  std::optional<Result<Session>> started;
  auto work = keep(ask_session(asked, std::move(request), kStartMax), started);
  auto race = net::run_unless(std::move(work), until_silent(asked));
  co_await std::move(race);
  if (!started) co_return unreachable(asked.address, "it fell silent while it started a browser");
  if (*started && !(*started)->browser) co_return nonsense(asked);
  co_return *started;
}

// A start may take long, but a worker that is at it answers other questions meanwhile.
net::Task<void> RemoteWorkers::until_silent(store::WorkerRef worker) {
  auto answer = ProbeAnswer::kSameEpoch;
  while (answer == ProbeAnswer::kSameEpoch) {
    co_await net::sleep_for(kProbeMax);
    answer = co_await probe(worker);
  }
}

net::Task<Result<Session>> RemoteWorkers::end(const store::WorkerRef& worker,
                                              const SessionId& session, session::EndReason reason) {
  const std::string query = "?reason=" + std::string(to_word(reason));
  return ask_session(worker, {"DELETE", path_of(session) + query}, kAnswerMax);
}

net::Task<Result<Session>> RemoteWorkers::describe(const store::WorkerRef& worker,
                                                   const SessionId& session) {
  return ask_session(worker, {"GET", path_of(session)}, kAnswerMax);
}

net::Task<Result<std::optional<Instant>>> RemoteWorkers::end_if_due(const store::WorkerRef& worker,
                                                                    const SessionId& session) {
  const store::WorkerRef asked = worker;
  net::Outgoing request{"POST", path_of(session) + "/due"};
  auto asking = ask(asked, std::move(request), kAnswerMax);
  const auto response = co_await std::move(asking);
  if (!response) co_return response.error();
  const auto body = object_in(*response, asked);
  if (!body) co_return body.error();
  const auto* due = body->if_contains("due_in_ms");
  if (due == nullptr || !(due->is_null() || due->is_int64())) co_return nonsense(asked);
  if (due->is_null()) co_return std::optional<Instant>{};
  co_return std::optional(clock_.now() + Duration{due->get_int64()});
}

std::shared_ptr<net::RelayGroup> RemoteWorkers::relays_of(const store::WorkerRef& worker,
                                                          const SessionId& session) {
  if (relays_.size() >= sweep_at_) {
    std::erase_if(relays_, [](const auto& each) { return each.second.group.expired(); });
    sweep_at_ = std::max(kSweepAtMin, 2 * relays_.size());
  }
  auto& relays = relays_[session];
  const session::WorkerRun run{worker.id, worker.epoch};
  auto group = relays.group.lock();
  if (!group || relays.run != run) group = std::make_shared<net::RelayGroup>(clock_);
  relays = {run, group};
  return group;
}

net::Task<Result<BrowserEndpoint>> RemoteWorkers::endpoint(const store::SessionPlace& place) {
  const auto at = endpoint_of_address(place.worker.address);
  if (!at) co_return at.error();
  BrowserEndpoint endpoint{*at, place.browser, relays_of(place.worker, place.session), true};
  endpoint.base = path_of(place.session);
  endpoint.headers = proven(place.worker);
  co_return endpoint;
}

net::Task<Status> RemoteWorkers::drain(const store::WorkerRef& worker) {
  auto asking = ask(worker, {"POST", "/drain"}, kAnswerMax);
  const auto response = co_await std::move(asking);
  if (!response) co_return response.error();
  co_return Status{};
}

net::Task<ProbeAnswer> RemoteWorkers::probe(const store::WorkerRef& worker) {
  const store::WorkerRef asked = worker;
  const auto at = endpoint_of_address(asked.address);
  if (!at) co_return ProbeAnswer::kNone;
  const auto deadline = Deadline::after(clock_, kProbeMax);
  const bool refused = co_await net::is_refused(at->host, at->port, deadline);
  if (refused) co_return ProbeAnswer::kRefused;
  auto asking = ask(asked, {"GET", "/status"}, kProbeMax);
  const auto response = co_await std::move(asking);
  if (response) co_return ProbeAnswer::kSameEpoch;
  // Whoever answers there otherwise cannot prove to be a worker: nothing is known of the run.
  const bool another = response.error().fault == Fault::kNoSuchWorker;
  co_return another ? ProbeAnswer::kOtherEpoch : ProbeAnswer::kNone;
}

std::vector<session::WorkerRun> RemoteWorkers::relayed_runs() const {
  std::set<session::WorkerRun> runs;
  for (const auto& [session, relays] : relays_) {
    if (!relays.group.expired()) runs.insert(relays.run);
  }
  return {runs.begin(), runs.end()};
}

void RemoteWorkers::close_relays(const session::WorkerRun& run) {
  for (const auto& [session, relays] : relays_) {
    if (relays.run != run) continue;
    if (const auto group = relays.group.lock()) {
      group->close_all({session::close_code(session::EndReason::kWorkerLost),
                        std::string(to_word(session::EndReason::kWorkerLost))});
    }
  }
}

}  // namespace pbaas::gateway
