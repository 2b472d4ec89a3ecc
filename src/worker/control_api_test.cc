#include "worker/control_api.h"

#include <gtest/gtest.h>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "net/url.h"
#include "session/record_json.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"
#include "worker/staged_launcher.h"

namespace pbaas::worker {
namespace {

namespace json = boost::json;
using session::EndReason;

const std::string kSecret = "a secret of enough letters";

struct ControlApiTest : ::testing::Test {
  ControlApiTest() {
    clock.advance(SystemClock().now() - clock.now());
    launcher.go.set();
  }

  // A worker goes only when its tasks have.
  void TearDown() override {
    launcher.go.set();
    support::run_task(loop, worker.drain([this] { return Deadline::at(clock.now()); }));
  }

  net::Request request(const std::string& method, const std::string& target,
                       std::string body = "") {
    net::Request request;
    request.method = method;
    request.target = target;
    const auto parsed = net::parse_target(target).value();
    request.path = parsed.path;
    request.query = parsed.query;
    request.body = std::move(body);
    return request;
  }
  net::Request proven(net::Request request, const std::string& epoch) {
    request.headers.add("X-Worker-Epoch", epoch);
    request.headers.add("Authorization", "Bearer " + ClusterProof(kSecret).of(epoch));
    return request;
  }
  net::Response ask(net::Request request) {
    auto plan = router.plan(request);
    if (auto* ready = std::get_if<net::Response>(&plan.next)) return *ready;
    const auto& handler = *std::get<const net::Handler*>(plan.next);
    return support::run_task(loop, handler(request));
  }
  net::Response ask(const std::string& method, const std::string& target, std::string body = "") {
    return ask(proven(request(method, target, std::move(body)), worker.run().epoch));
  }
  static std::string reason(const net::Response& response) {
    return std::string(json::parse(response.body).at("reason").as_string());
  }
  std::string start(const session::Session& session) {
    const auto started = ask("POST", "/session", json::serialize(session::to_record(session)));
    EXPECT_EQ(started.status, 200) << started.body;
    return "/session/" + session.id.text();
  }

  net::Loop loop{1};
  TestClock clock;
  StagedLauncher launcher{loop};
  support::TempFolder folder;
  std::unique_ptr<store::SqliteSessionLog> log =
      store::SqliteSessionLog::open(loop, folder.file("log.db")).value();
  Metrics metrics;
  Worker worker{loop, clock, {.id = "w", .capacity = 1}, launcher, *log, metrics};
  int drains = 0;
  ControlApi api{worker, metrics, clock, ClusterProof(kSecret), [this] { ++drains; }};
  net::Router router = make_control_router(api);
};

TEST_F(ControlApiTest, AnswersOnlyWhoProvesTheSecret) {
  EXPECT_EQ(ask(request("GET", "/session")).status, 401);
  auto wrong = request("GET", "/session");
  wrong.headers.add("X-Worker-Epoch", worker.run().epoch);
  wrong.headers.add("Authorization", "Bearer " + ClusterProof("another").of(worker.run().epoch));
  EXPECT_EQ(ask(wrong).status, 401);
  EXPECT_EQ(ask("GET", "/session").status, 200);
}

TEST_F(ControlApiTest, ObeysNobodyWhoMeansAnotherRun) {
  const auto refused = ask(proven(request("GET", "/status"), "epoch-of-before"));
  EXPECT_EQ(refused.status, 404);
  EXPECT_EQ(reason(refused), "worker_not_found");
}

TEST_F(ControlApiTest, AnswersProbesOfAnybody) {
  for (const char* path : {"/livez", "/readyz", "/metrics"})
    EXPECT_EQ(ask(request("GET", path)).status, 200) << path;
  worker.stop_admitting();
  EXPECT_EQ(ask(request("GET", "/livez")).status, 200);
  EXPECT_EQ(ask(request("GET", "/readyz")).status, 503);
}

TEST_F(ControlApiTest, StartsDescribesAndEndsASession) {
  const auto session = new_session();
  const auto path = start(session);
  const auto shown = session::session_from_record(json::parse(ask("GET", path).body).as_object());
  EXPECT_EQ(shown->browser->guid, "guid");
  EXPECT_EQ(shown->worker_epoch, worker.run().epoch);
  const auto ended = ask("DELETE", path + "?reason=drained");
  EXPECT_EQ(json::parse(ended.body).at("end_reason"), "drained");
}

TEST_F(ControlApiTest, RefusesMoreThanItsCapacity) {
  start(new_session());
  const auto refused = ask("POST", "/session", json::serialize(session::to_record(new_session())));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(reason(refused), "no_capacity");
}

TEST_F(ControlApiTest, RefusesWhatIsNoSession) {
  for (const char* body : {"", "[]", "{", R"({"id": "x"})"})
    EXPECT_EQ(ask("POST", "/session", body).status, 400) << body;
  const auto path = start(new_session());
  EXPECT_EQ(ask("DELETE", path).status, 400);
  EXPECT_EQ(ask("DELETE", path + "?reason=boredom").status, 400);
  EXPECT_EQ(ask("GET", "/session/none").status, 404);
}

TEST_F(ControlApiTest, SaysInHowLongASessionIsDue) {
  const auto path = start(new_session());
  clock.advance(Duration{4'000});
  EXPECT_EQ(json::parse(ask("POST", path + "/due").body).at("due_in_ms"), 6'000);
}

TEST_F(ControlApiTest, EndsASessionThatIsDue) {
  const auto session = new_session();
  const auto path = start(session);
  clock.advance(Duration{10'000});
  EXPECT_TRUE(json::parse(ask("POST", path + "/due").body).at("due_in_ms").is_null());
  const auto row = support::run_task(loop, log->find(session.id)).value();
  EXPECT_EQ(row.end_reason, EndReason::kIdleTimeout);
}

TEST_F(ControlApiTest, EndsASessionWhoseGatewayLeftWhileItStarted) {
  StagedLauncher slow(loop);
  Worker starting(loop, clock, {.id = "w", .capacity = 1}, slow, *log, metrics);
  ControlApi slow_api{starting, metrics, clock, ClusterProof(kSecret), [] {}};
  auto slow_router = make_control_router(slow_api);
  const auto session = new_session();
  auto asked = proven(request("POST", "/session", json::serialize(session::to_record(session))),
                      starting.run().epoch);
  auto plan = slow_router.plan(asked);
  {
    boost::asio::cancellation_signal leave;
    boost::asio::co_spawn(loop, (*std::get<const net::Handler*>(plan.next))(asked),
                          boost::asio::bind_cancellation_slot(leave.slot(), [](auto&&...) {}));
    loop.restart();
    loop.poll();
    ASSERT_EQ(starting.held(), std::vector{session.id});
    leave.emit(boost::asio::cancellation_type::terminal);
    loop.restart();
    loop.poll();
  }
  const auto row = support::run_task(loop, log->find(session.id)).value();
  EXPECT_EQ(row.end_reason, EndReason::kAbandoned);
  slow.go.set();
  support::run_task(loop, starting.drain([this] { return Deadline::at(clock.now()); }));
}

TEST_F(ControlApiTest, BeginsToDrain) {
  EXPECT_EQ(ask("POST", "/drain").status, 200);
  EXPECT_EQ(drains, 1);
}

TEST_F(ControlApiTest, ListsItsSessions) {
  const auto session = new_session();
  start(session);
  const auto list = json::parse(ask("GET", "/session").body).at("sessions").as_array();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].at("id").as_string(), session.id.text());
}

TEST_F(ControlApiTest, AsksTheBrowsersDialerForItsDocuments) {
  const auto answered = ask("GET", start(new_session()) + "/json/version");
  EXPECT_EQ(answered.status, 502);
  EXPECT_EQ(json::parse(answered.body).at("detail").as_string(), "nobody is there");
}

TEST_F(ControlApiTest, LeadsClientsToTheBrowser) {
  const auto path = start(new_session());
  auto handshake = proven(request("GET", path + "/devtools/page/P1"), worker.run().epoch);
  handshake.is_upgrade = true;
  handshake.headers.add("Connection", "Upgrade");
  handshake.headers.add("Upgrade", "websocket");
  handshake.headers.add("Sec-WebSocket-Version", "13");
  handshake.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
  auto plan = router.plan(handshake);
  const auto& handler = *std::get<const net::UpgradeHandler*>(plan.next);
  const auto target = std::get<net::UpgradeTarget>(support::run_task(loop, handler(handshake)));
  EXPECT_EQ(target.path, "/devtools/page/P1");
  EXPECT_EQ(target.port, 9222);
  EXPECT_EQ(target.endpoint, net::RelayEndpoint::kPage);
  EXPECT_TRUE(target.dial) << "the browser is in a network namespace of its own";
  EXPECT_FALSE(target.headers.has("Authorization"));
}

}  // namespace
}  // namespace pbaas::worker
