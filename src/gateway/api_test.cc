// The routes, asked as the HTTP server asks them, over a worker that is not there. What needs a
// browser is tested from outside, by the acceptance suite.
#include "gateway/api.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/staged_workers.h"
#include "net/url.h"
#include "store/fleet_memory.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;

struct ApiTest : ::testing::Test {
  ApiTest() {
    support::run_task(loop, fleet.heartbeat({.worker = {"w", "e", ""}, .capacity = 2}, {}));
    workers.go.set();
  }

  net::Request request(const std::string& method, const std::string& at, std::string body = "") {
    net::Request request;
    request.method = method;
    request.target = at;
    auto parsed = net::parse_target(at).value();
    request.path = parsed.path;
    request.query = parsed.query;
    request.body = std::move(body);
    request.headers.add("Host", "127.0.0.1:8000");
    if (!request.body.empty()) request.headers.add("Content-Type", "application/json");
    return request;
  }

  net::Response ask(net::Request request) {
    auto plan = router.plan(request);
    if (auto* ready = std::get_if<net::Response>(&plan.next)) return *ready;
    if (const auto* handler = std::get_if<const net::Handler*>(&plan.next)) {
      return support::run_task(loop, (**handler)(request));
    }
    auto upgraded =
        support::run_task(loop, (*std::get<const net::UpgradeHandler*>(plan.next))(request));
    if (auto* refused = std::get_if<net::Response>(&upgraded)) return std::move(*refused);
    target = std::get<net::UpgradeTarget>(std::move(upgraded));
    net::Response switching;
    switching.status = 101;
    return switching;
  }
  net::Response ask(const std::string& method, const std::string& at, std::string body = "") {
    return ask(request(method, at, std::move(body)));
  }
  net::Response connect(const std::string& at, const std::string& header = "") {
    auto handshake = request("GET", at);
    handshake.is_upgrade = true;
    handshake.headers.add("Connection", "Upgrade");
    handshake.headers.add("Upgrade", "websocket");
    handshake.headers.add("Sec-WebSocket-Version", "13");
    handshake.headers.add("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    if (!header.empty()) handshake.headers.add(header, "x");
    return ask(std::move(handshake));
  }
  static std::string field(const net::Response& response, const char* name) {
    const auto value = json::parse(response.body).at(name);
    return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
  }
  std::string create() { return field(ask("POST", "/session"), "id"); }

  SystemClock clock;
  support::TempFolder folder;
  net::Loop loop{1};
  std::unique_ptr<store::SqliteSessionLog> log =
      store::SqliteSessionLog::open(loop, folder.file("log.db")).value();
  store::MemoryFleet fleet{clock, 2};
  StagedWorkers workers{loop, clock};
  Metrics metrics;
  WorkerDirectory directory;
  SessionService sessions{loop, clock, fleet, *log, workers, directory, metrics};
  Auth auth{{}};
  bool draining = false;
  Api api{sessions, fleet, workers,     metrics, auth,          clock,
          {},       {},    "156.0.1.2", false,   folder.path(), [this] {
        return draining; }};
  net::Router router = make_router(api);
  std::optional<net::UpgradeTarget> target;
};

TEST_F(ApiTest, CreatesASessionAndSaysWhereItIs) {
  const auto created = ask("POST", "/session", R"({"timeout": 60})");
  EXPECT_EQ(created.status, 201);
  const auto id = field(created, "id");
  EXPECT_EQ(created.headers.get("Location"), "/session/" + id);
  EXPECT_EQ(field(created, "connect_url"), "ws://127.0.0.1:8000/session/" + id);
  EXPECT_EQ(field(ask("GET", "/session/" + id), "status"), "running");
  EXPECT_EQ(field(ask("GET", "/sessions/" + id), "id"), id);
}

TEST_F(ApiTest, EndsASessionAsOftenAsItIsAsked) {
  const auto id = create();
  EXPECT_EQ(field(ask("DELETE", "/session/" + id), "end_reason"), "client_request");
  EXPECT_EQ(ask("DELETE", "/session/" + id).status, 200);
}

TEST_F(ApiTest, ABodyThatIsNotJsonByItsTypeIsRefused) {
  auto form = request("POST", "/session", "{}");
  form.headers.set("Content-Type", "text/plain");
  const auto refused = ask(form);
  EXPECT_EQ(refused.status, 415);
  EXPECT_EQ(field(refused, "reason"), "unsupported_media_type");
  form.headers.set("Content-Type", "application/json; charset=utf-8");
  EXPECT_EQ(ask(form).status, 201);
}

TEST_F(ApiTest, NamesTheFieldThatIsWrong) {
  const auto refused = ask("POST", "/session", R"({"timeout": "long"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(field(refused, "field"), "timeout");
}

TEST_F(ApiTest, ListsWithALimitAStatusAndACursorOnly) {
  create();
  const auto page = ask("GET", "/session?limit=1&status=queued");
  EXPECT_EQ(page.status, 200);
  for (const auto* bad :
       {"limit=0", "limit=201", "limit=1x", "limit=", "status=asleep", "cursor=%21", "order=up"}) {
    const auto refused = ask("GET", std::string("/session?") + bad);
    EXPECT_EQ(refused.status, 400) << bad;
    EXPECT_EQ(field(refused, "reason"), "invalid_query") << bad;
  }
}

TEST_F(ApiTest, AnUnknownSessionAndWhatIsNoIdLookTheSame) {
  for (const auto& id : {std::string(32, 'a'), std::string("x"), std::string(33, 'a')}) {
    EXPECT_EQ(ask("GET", "/session/" + id).status, 404);
    EXPECT_EQ(field(connect("/session/" + id), "reason"), "session_not_found");
  }
}

TEST_F(ApiTest, ConnectsToTheBrowserByEveryPath) {
  const auto id = create();
  EXPECT_EQ(connect("/session/" + id).status, 101);
  EXPECT_EQ(target->path, "/devtools/browser/guid");
  EXPECT_EQ(target->port, 9222);
  EXPECT_EQ(connect("/session/" + id + "/devtools/browser/guid").status, 101);
  EXPECT_EQ(connect("/session/" + id + "/devtools/browser/other").status, 404);
  EXPECT_EQ(connect("/session/" + id + "/devtools/page/ABC").status, 101);
  EXPECT_EQ(target->path, "/devtools/page/ABC");
  EXPECT_EQ(connect("/session/" + id + "/devtools/page/a.b").status, 404);
}

TEST_F(ApiTest, AnEndedSessionIsGoneAndSaysWhy) {
  const auto id = create();
  ask("DELETE", "/session/" + id);
  const auto refused = connect("/session/" + id);
  EXPECT_EQ(refused.status, 410);
  EXPECT_EQ(field(refused, "end_reason"), "client_request");
}

TEST_F(ApiTest, TellsPlaywrightsConnectWhatToUse) {
  const auto id = create();
  EXPECT_EQ(field(connect("/session/" + id, "x-playwright-browser"), "reason"),
            "use_connect_over_cdp");
  EXPECT_EQ(field(connect("/", "x-playwright-browser"), "reason"), "use_connect_over_cdp");
}

TEST_F(ApiTest, TheRootSocketMakesASessionThatEndsWithItsConnection) {
  EXPECT_EQ(connect("/?timeout=60&locale=fr-FR&token=secret").status, 101);
  const auto& session = workers.sessions.begin()->second;
  EXPECT_EQ(session.options.on_disconnect, session::OnDisconnect::kEnd);
  EXPECT_EQ(session.options.timeout.count(), 60);
  EXPECT_EQ(session.options.locale, "fr-FR");
  EXPECT_EQ(connect("/?user_agent=123").status, 101);
  EXPECT_EQ(connect("/?colour=blue").status, 400);
  EXPECT_EQ(connect("/?on_disconnect=keep").status, 400);
}

TEST_F(ApiTest, TheRootVersionNamesTheSocketThatMakesASession) {
  const auto version = ask("GET", "/json/version?token=t");
  EXPECT_EQ(field(version, "Browser"), "Chrome/156.0.1.2");
  EXPECT_EQ(field(version, "webSocketDebuggerUrl"), "ws://127.0.0.1:8000/?token=t");
  EXPECT_EQ(workers.starts, 0);
}

TEST_F(ApiTest, ShowsTheWorkersAndItsOwnHealth) {
  create();
  const auto listed = json::parse(ask("GET", "/worker").body);
  EXPECT_EQ(listed.at("workers").at(0).at("used"), 1);
  EXPECT_EQ(listed.at("workers").at(0).at("free"), 1);
  EXPECT_EQ(ask("GET", "/readyz").status, 200);
  draining = true;
  EXPECT_EQ(ask("GET", "/readyz").status, 503);
  EXPECT_EQ(ask("GET", "/livez").status, 200);
}

TEST_F(ApiTest, DrainsAWorkerItKnows) {
  EXPECT_EQ(ask("POST", "/worker/w/drain").status, 202);
  EXPECT_EQ(workers.drained, std::vector<std::string>{"w"});
  EXPECT_EQ(ask("POST", "/worker/v/drain").status, 404);
}

TEST_F(ApiTest, SaysThatItRecordsNothingWithoutAStore) {
  const auto id = create();
  EXPECT_EQ(ask("GET", "/session/" + id + "/recordings").status, 501);
  EXPECT_EQ(ask("POST", "/session", R"({"record": {"har": true}})").status, 501);
}

TEST_F(ApiTest, AMissingFileOfTheReferenceIsNotFound) {
  EXPECT_EQ(ask("GET", "/openapi.json").status, 404);
}

}  // namespace
}  // namespace pbaas::gateway
