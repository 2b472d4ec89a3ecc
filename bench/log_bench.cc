// The session log in PostgreSQL at a size: writes per second through the spool, then each filter of
// a list, with and without a cursor, over a table of so many rows: p50, p99, and whether PostgreSQL
// reads an index. `log_bench ROWS ROUNDS` starts a PostgreSQL of its own and prints a Markdown
// table.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "store/page_cursor.h"
#include "store/postgres_database.h"
#include "store/session_log_postgres.h"
#include "store/session_table.h"
#include "support/postgres_server.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas {
namespace {

using std::chrono::steady_clock;
using store::SessionQuery;

constexpr int kWrites = 20'000;

double ms_since(steady_clock::time_point before) {
  return std::chrono::duration<double, std::milli>(steady_clock::now() - before).count();
}

// Rows as a service of some months has them: one owner of ten has most, a session ends every few
// seconds on one of 50 workers, and nearly all have ended, for a reason of which some are rare.
void fill(const std::string& url, int rows) {
  // Without triggers and with the tags at once, as the rows are alike: it is quicker.
  support::PostgresServer::execute(url, R"(
    SET session_replication_role = replica; SET synchronous_commit = off; SET work_mem = '256MB';
    INSERT INTO sessions (id, owner, status, options, worker, worker_epoch, debug_port,
                          browser_guid, end_reason, created_at, started_at, ended_at, expires_at)
    SELECT md5(n::text), CASE WHEN n % 10 < 8 THEN 'ann' ELSE 'owner-' || n % 10 END,
           CASE WHEN n % 5000 = 0 THEN 'running' ELSE 'ended' END,
           jsonb_build_object('browser', 'headless-shell', 'timeout', 3600, 'idle_timeout', 300,
             'queue_timeout', 30, 'on_disconnect', 'keep', 'viewport', NULL, 'user_agent', NULL,
             'locale', NULL, 'timezone', NULL, 'args', '[]'::jsonb, 'metadata',
             jsonb_build_object('team', 'team-' || n % 7, 'job', 'job-' || n)),
           'worker-' || n % 50, 'epoch', 40000, md5('guid' || n),
           CASE WHEN n % 5000 = 0 THEN NULL WHEN n % 20000 = 1 THEN 'browser_crashed'
                WHEN n % 3 = 0 THEN 'idle_timeout' ELSE 'client_request' END,
           1700000000000 + n * 3000::bigint, 1700000000000 + n * 3000::bigint,
           CASE WHEN n % 5000 = 0 THEN NULL ELSE 1700000000000 + n * 3000::bigint + 60000 END,
           1700000000000 + n * 3000::bigint + 3600000
    FROM generate_series(1, )" + std::to_string(rows) +
                                            R"() AS n;
    INSERT INTO session_tags (owner, name, value, created_at, session_id)
    SELECT owner, tag.key, tag.value, created_at, id
    FROM sessions, jsonb_each_text(options -> 'metadata') AS tag ON CONFLICT DO NOTHING)");
  for (const char* table : {"sessions", "session_tags"})
    support::PostgresServer::execute(url, std::string("VACUUM ANALYZE ") + table);
}

void measure_writes(const std::string& url) {
  net::Loop loop;
  support::TempFolder folder;
  auto log =
      store::PostgresSessionLog::open(loop, {.url = url, .spool_folder = folder.file("spool")})
          .value();
  const auto before = steady_clock::now();
  double longest_record_ms = 0;
  for (int n = 0; n < kWrites / 4; ++n) {
    session::Session session{.id = SessionId::random()};
    session.created_at = WallTime{Duration{1'600'000'000'000 + n}};
    for (int step = 0; step < 4; ++step) {
      if (step == 1) session.start("worker-1", "epoch");
      if (step == 2) session.run({41'000, "guid"}, session.created_at);
      if (step == 3) session.end(session::EndReason::kClientRequest, session.created_at);
      const auto recording = steady_clock::now();
      log->record(session);
      longest_record_ms = std::max(longest_record_ms, ms_since(recording));
    }
  }
  while (log->stats().pending > 0 || log->stats().spool_bytes > 0)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  std::printf("%.0f states a second to their rows and events; the longest record() %.2f ms\n\n",
              kWrites / ms_since(before) * 1000, longest_record_ms);
}

struct Case {
  std::string name;
  SessionQuery query;
};

std::vector<Case> cases(int rows) {
  const WallTime middle{Duration{1'700'000'000'000 + rows * 1500LL}};
  return {
      {"no filter", {.owner = "ann"}},
      {"a small owner", {.owner = "owner-9"}},
      {"status=ended", {.owner = "ann", .status = session::SessionStatus::kEnded}},
      {"status=running", {.owner = "ann", .status = session::SessionStatus::kRunning}},
      {"end_reason=idle_timeout", {.owner = "ann", .end_reason = session::EndReason::kIdleTimeout}},
      {"end_reason=browser_crashed",
       {.owner = "ann", .end_reason = session::EndReason::kBrowserCrashed}},
      {"end_reason that never was",
       {.owner = "ann", .end_reason = session::EndReason::kBrowserHung}},
      {"worker", {.owner = "ann", .worker = "worker-7"}},
      {"created_after", {.owner = "ann", .created_after = middle}},
      {"created_before", {.owner = "ann", .created_before = middle}},
      {"metadata.team, one of 7", {.owner = "ann", .metadata = {{"team", "team-3"}}}},
      {"metadata.job, unique", {.owner = "ann", .metadata = {{"job", "job-77777"}}}},
      {"metadata nobody has", {.owner = "ann", .metadata = {{"job", "none"}}}},
      {"status=running, metadata.team",
       {.owner = "ann",
        .status = session::SessionStatus::kRunning,
        .metadata = {{"team", "team-3"}}}},
      {"end_reason=browser_crashed, metadata.team",
       {.owner = "ann",
        .end_reason = session::EndReason::kBrowserCrashed,
        .metadata = {{"team", "team-3"}}}},
      {"end_reason=idle_timeout, metadata.job",
       {.owner = "ann",
        .end_reason = session::EndReason::kIdleTimeout,
        .metadata = {{"job", "job-77776"}}}},
      {"worker, metadata.team",
       {.owner = "ann", .worker = "worker-7", .metadata = {{"team", "team-3"}}}},
      {"worker, end_reason, metadata.team and time",
       {.owner = "ann",
        .end_reason = session::EndReason::kIdleTimeout,
        .worker = "worker-7",
        .created_before = middle,
        .metadata = {{"team", "team-3"}}}},
  };
}

// A page somewhere in the middle, as a cursor of whoever reads on.
std::string cursor_at(int rows, std::mt19937& random) {
  const auto at = 1'700'000'000'000 + static_cast<std::int64_t>(random() % rows) * 3000;
  return store::encode_cursor({WallTime{Duration{at}}, SessionId::random()});
}

struct Times {
  double p50 = 0;
  double p99 = 0;
};

Times measure(store::SessionTable& table, SessionQuery query, int rounds, int rows, bool cursor) {
  std::mt19937 random(1);
  std::vector<double> took;
  for (int n = 0; n < rounds; ++n) {
    if (cursor) query.cursor = cursor_at(rows, random);
    const auto before = steady_clock::now();
    (void)table.list(query).value();
    took.push_back(ms_since(before));
  }
  std::sort(took.begin(), took.end());
  return {took[took.size() / 2], took[took.size() * 99 / 100]};
}

std::string plan(store::PostgresDatabase& database, const SessionQuery& query) {
  auto statement = store::select_page(query, std::nullopt);
  statement.text = "EXPLAIN " + statement.text;
  std::string text;
  for (const auto& row : database.query(statement).value()) text += row[0].value_or("") + "\n";
  return text.find("Seq Scan") == std::string::npos ? "index" : "SEQ SCAN";
}

void measure_lists(const std::string& url, int rows, int rounds) {
  store::PostgresDatabase database(url);
  if (!database.connect()) std::exit(1);
  store::SessionTable table(database, [] { return store::EventKey{}; });
  std::printf("| list of 50 | p50 ms | p99 ms | with cursor p50 | p99 | reads |\n");
  std::printf("|---|---|---|---|---|---|\n");
  for (const auto& each : cases(rows)) {
    const auto first = measure(table, each.query, rounds, rows, false);
    const auto on = measure(table, each.query, rounds, rows, true);
    std::printf("| %s | %.2f | %.2f | %.2f | %.2f | %s |\n", each.name.c_str(), first.p50,
                first.p99, on.p50, on.p99, plan(database, each.query).c_str());
  }
}

}  // namespace
}  // namespace pbaas

int main(int count, char** words) {
  const int rows = count > 1 ? std::atoi(words[1]) : 1'000'000;
  const int rounds = count > 2 ? std::atoi(words[2]) : 300;
  pbaas::support::PostgresServer server(std::filesystem::temp_directory_path());
  const auto url = server.new_database();
  pbaas::measure_writes(url);
  const auto before = std::chrono::steady_clock::now();
  pbaas::fill(url, rows);
  std::printf("%d rows, made in %.0f s\n\n", rows, pbaas::ms_since(before) / 1000);
  pbaas::measure_lists(url, rows, rounds);
}
