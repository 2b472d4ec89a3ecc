#include "gateway/remote_workers.h"

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <mutex>

#include "net/http_rig.h"
#include "session/record_json.h"
#include "support/run_task.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using session::EndReason;
using session::ProbeAnswer;
using session::Session;

const std::string kSecret = "a secret of enough letters";

// A worker's door that answers what the test says, and remembers what it was asked.
struct RemoteWorkersTest : ::testing::Test {
  net::Task<net::Response> reply(net::Request& request) {
    const std::lock_guard lock(mutex);
    asked = request;
    co_return answer;
  }
  void routes(net::Router& router) {
    const net::Handler handler = [this](net::Request& request) { return reply(request); };
    for (const char* method : {"GET", "POST", "DELETE"}) router.add(method, "/{rest...}", handler);
  }
  store::WorkerRef worker() { return {"w", "e", "127.0.0.1:" + std::to_string(rig.port())}; }
  template <typename T>
  T wait(net::Task<T> task) {
    return support::run_task(loop, std::move(task));
  }
  static Session running() {
    Session session{SessionId::random()};
    session.start("w", "e");
    session.run({9222, "guid"}, WallTime{});
    return session;
  }

  std::mutex mutex;
  net::Request asked;
  net::Response answer = net::Response::json(200, json::object{});
  net::Loop loop;
  SystemClock clock;
  net::HttpRig rig{[this](net::Router& router, net::Loop&) { routes(router); }};
  RemoteWorkers workers{clock, ClusterProof(kSecret)};
};

TEST_F(RemoteWorkersTest, ProvesTheSecretForTheRunItMeans) {
  answer = net::Response::json(200, session::to_record(running()));
  const Session session{SessionId::random()};
  const auto started = wait(workers.start(worker(), session));
  ASSERT_TRUE(started) << started.error().detail;
  EXPECT_EQ(started->browser->guid, "guid");
  EXPECT_EQ(asked.method, "POST");
  EXPECT_EQ(asked.target, "/session");
  EXPECT_EQ(asked.headers.get("X-Worker-Epoch"), "e");
  EXPECT_EQ(asked.headers.get("Authorization"), "Bearer " + ClusterProof(kSecret).of("e"));
  EXPECT_EQ(session::session_from_record(json::parse(asked.body).as_object()).value(), session);
}

TEST_F(RemoteWorkersTest, GivesTheWorkerTheSessionsProxyWithItsPassword) {
  Session session{SessionId::random()};
  session.options.proxy =
      session::read_upstream_proxy(
          {{"server", "http://a:1"}, {"username", "u"}, {"password", "hunter2"}})
          .value();
  answer = net::Response::json(200, session::to_record(running()));
  ASSERT_TRUE(wait(workers.start(worker(), session)));
  EXPECT_EQ(session::session_from_record(json::parse(asked.body).as_object()).value(), session);
}

TEST_F(RemoteWorkersTest, GivesTheErrorThatTheWorkerTells) {
  answer = net::Response::problem({Fault::kNoCapacity, "full", "", 5});
  const auto refused = wait(workers.start(worker(), Session{SessionId::random()}));
  EXPECT_EQ(refused.error().fault, Fault::kNoCapacity);
  EXPECT_EQ(refused.error().retry_after_s, 5);
}

TEST_F(RemoteWorkersTest, EndsASessionForAReason) {
  auto ended = running();
  ended.end(EndReason::kIdleTimeout, WallTime{});
  answer = net::Response::json(200, session::to_record(ended));
  EXPECT_EQ(wait(workers.end(worker(), ended.id, EndReason::kIdleTimeout))->end_reason,
            EndReason::kIdleTimeout);
  EXPECT_EQ(asked.method, "DELETE");
  EXPECT_EQ(asked.target, "/session/" + ended.id.text() + "?reason=idle_timeout");
}

TEST_F(RemoteWorkersTest, CountsTheTimeLeftByItsOwnClock) {
  answer = net::Response::json(200, json::object{{"due_in_ms", 60'000}});
  const auto before = clock.now();
  const auto due = wait(workers.end_if_due(worker(), SessionId::random())).value();
  ASSERT_TRUE(due);
  EXPECT_GE(*due, before + Duration{60'000});
  EXPECT_LE(*due, clock.now() + Duration{60'000});
  answer = net::Response::json(200, json::object{{"due_in_ms", nullptr}});
  EXPECT_EQ(wait(workers.end_if_due(worker(), SessionId::random())).value(), std::nullopt);
}

TEST_F(RemoteWorkersTest, TrustsNoAnswerThatIsNotWhatItAskedFor) {
  for (const json::value& nonsense :
       {json::value("text"), json::value(json::object{{"due_in_ms", "soon"}})}) {
    answer = net::Response::json(200, nonsense);
    EXPECT_EQ(wait(workers.describe(worker(), SessionId::random())).error().fault,
              Fault::kBrowserUnreachable);
    EXPECT_EQ(wait(workers.end_if_due(worker(), SessionId::random())).error().fault,
              Fault::kBrowserUnreachable);
  }
}

TEST_F(RemoteWorkersTest, SaysThatAWorkerDoesNotAnswer) {
  const store::WorkerRef nobody{"w", "e", "127.0.0.1:1"};
  EXPECT_EQ(wait(workers.start(nobody, running())).error().fault, Fault::kBrowserUnreachable);
  for (const char* address : {"", "nonsense", "127.0.0.1:", "127.0.0.1:x", "name.example:9100"}) {
    const store::WorkerRef nowhere{"w", "e", address};
    EXPECT_EQ(wait(workers.describe(nowhere, SessionId::random())).error().fault,
              Fault::kBrowserUnreachable)
        << address;
  }
}

TEST_F(RemoteWorkersTest, WaitsForAStartNoLongerThanTheWorkerAnswersAtAll) {
  // A door that takes connections and says nothing, as behind a network that swallows all.
  net::RawListener silent;
  const store::WorkerRef worker{"w", "e", "127.0.0.1:" + std::to_string(silent.port())};
  const auto began = clock.now();
  EXPECT_EQ(wait(workers.start(worker, running())).error().fault, Fault::kBrowserUnreachable);
  EXPECT_LT(clock.now() - began, Duration{10'000});
}

TEST_F(RemoteWorkersTest, LeadsClientsThroughTheWorker) {
  const auto id = SessionId::random();
  const auto endpoint = wait(workers.endpoint({id, worker(), {9222, "guid"}, {}, ""})).value();
  EXPECT_TRUE(endpoint.through_worker);
  EXPECT_EQ(endpoint.at.port, rig.port());
  EXPECT_EQ(endpoint.base, "/session/" + id.text());
  EXPECT_EQ(endpoint.headers.get("X-Worker-Epoch"), "e");
}

TEST_F(RemoteWorkersTest, ClosesTheRelaysOfALostRunAlone) {
  const auto lost = wait(workers.endpoint({SessionId::random(), worker(), {}, {}, ""})).value();
  auto next_run = worker();
  next_run.epoch = "e2";
  const auto kept = wait(workers.endpoint({SessionId::random(), next_run, {}, {}, ""})).value();
  workers.close_relays({"w", "e"});
  ASSERT_TRUE(lost.relays->closing());
  EXPECT_EQ(lost.relays->closing()->code, 1014);
  EXPECT_EQ(lost.relays->closing()->reason, "worker_lost");
  EXPECT_FALSE(kept.relays->closing());
}

TEST_F(RemoteWorkersTest, SharesTheRelaysOfASessionWhileThereAreAny) {
  const store::SessionPlace place{SessionId::random(), worker(), {}, {}, ""};
  const auto first = wait(workers.endpoint(place)).value();
  EXPECT_EQ(wait(workers.endpoint(place)).value().relays, first.relays);
}

TEST_F(RemoteWorkersTest, TellsByAProbeWhoIsThere) {
  EXPECT_EQ(wait(workers.probe(worker())), ProbeAnswer::kSameEpoch);
  answer = net::Response::problem({Fault::kNoSuchWorker, "another run"});
  EXPECT_EQ(wait(workers.probe(worker())), ProbeAnswer::kOtherEpoch);
  answer = net::Response::problem({Fault::kUnauthorized, "another cluster"});
  EXPECT_EQ(wait(workers.probe(worker())), ProbeAnswer::kNone);
  EXPECT_EQ(wait(workers.probe({"w", "e", "127.0.0.1:1"})), ProbeAnswer::kRefused);
}

TEST_F(RemoteWorkersTest, ReadsAddressesOfBothKinds) {
  EXPECT_EQ(endpoint_of_address("10.0.0.1:9100").value().host, "10.0.0.1");
  EXPECT_EQ(endpoint_of_address("[fd00::1]:9100").value().host, "fd00::1");
  EXPECT_EQ(endpoint_of_address("[fd00::1]:9100").value().port, 9100);
}

}  // namespace
}  // namespace pbaas::gateway
