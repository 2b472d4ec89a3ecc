// What was recorded of a session, asked for through the router, over a log and a folder that are
// real.
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <fstream>

#include "base/digest.h"
#include "gateway/recorded_session.h"
#include "gateway/staged_objects.h"
#include "gateway/staged_workers.h"
#include "net/url.h"
#include "store/fleet_memory.h"
#include "store/object_key.h"
#include "store/object_store_folder.h"
#include "store/session_log_sqlite.h"
#include "support/run_task.h"
#include "support/temp_folder.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using store::Recording;
using store::RecordingState;

struct RecordingRoutesTest : ::testing::Test {
  RecordingRoutesTest() {
    api.recordings = log.get();
    api.objects = &objects;
    session.options.record = session::RecordOptions{session::HarOptions{}, {}};
    session.created_at = clock.wall();
    session.start("w", "e");
    session.run({9222, "guid"}, clock.wall());
    log->record(session);
  }

  void end() {
    session.end(session::EndReason::kClientRequest, clock.wall());
    log->record(session);
  }
  Recording note(RecordingState state, const std::string& why = "") {
    Recording recording{.session = session.id, .name = "network.har"};
    recording.state = state;
    recording.why = why;
    recording.changed_at = clock.wall();
    if (state != RecordingState::kRecording && state != RecordingState::kFailed) {
      recording.bytes = content.size();
      recording.sha256 = sha256_hex(content);
      recording.duration = Duration(1'500);
    }
    EXPECT_TRUE(support::run_task(loop, log->note(recording)).value());
    return recording;
  }
  void put_object() {
    std::ofstream(folder.file("content"), std::ios::binary) << content;
    store::PutRequest put{key(), folder.file("content"), "application/json"};
    const auto by = Deadline::after(clock, Duration(5'000));
    ASSERT_TRUE(support::run_task(loop, objects.put(std::move(put), by)));
  }
  void store_it() {
    put_object();
    note(RecordingState::kStored);
  }
  std::string key() const { return store::object_key(session.id, "network.har"); }

  net::Response ask(const std::string& method, const std::string& path,
                    const std::vector<std::pair<std::string, std::string>>& fields = {}) {
    net::Request request;
    request.method = method;
    request.target = "/session/" + session.id.text() + "/recordings" + path;
    auto parsed = net::parse_target(request.target).value();
    request.path = parsed.path;
    request.query = parsed.query;
    request.headers.add("Host", "127.0.0.1");
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    auto plan = router.plan(request);
    if (auto* ready = std::get_if<net::Response>(&plan.next)) return *ready;
    return support::run_task(loop, (*std::get<const net::Handler*>(plan.next))(request));
  }
  json::array list() { return json::parse(ask("GET", "").body).at("recordings").as_array(); }
  std::string body(const net::Response& response) {
    if (!response.source) return response.body;
    std::string all;
    while (all.size() < response.source->bytes)
      all += support::run_task(loop, response.source->next()).value();
    return all;
  }
  static std::string reason(const net::Response& response) {
    return std::string(json::parse(response.body).at("reason").as_string());
  }
  std::string part(const std::string& range, const std::string& if_range = "") {
    std::vector<std::pair<std::string, std::string>> fields{{"Range", range}};
    if (!if_range.empty()) fields.emplace_back("If-Range", if_range);
    return body(ask("GET", "/network.har", fields));
  }

  const std::string content = "{\"log\":\"" + std::string(600'000, 'x') + "\"}";
  SystemClock clock;
  support::TempFolder folder;
  net::Loop loop{1};
  session::Session session{SessionId::random()};
  std::unique_ptr<store::SqliteSessionLog> log =
      store::SqliteSessionLog::open(loop, folder.file("log.db")).value();
  std::unique_ptr<store::FolderObjectStore> files =
      store::FolderObjectStore::open(loop, folder.file("objects")).value();
  StagedObjects objects{*files};
  store::MemoryFleet fleet{clock, 2};
  StagedWorkers workers{loop, clock};
  Metrics metrics;
  WorkerDirectory directory;
  SessionService sessions{loop, clock, fleet, *log, workers, directory, metrics};
  Auth auth{{}};
  Api api{sessions, fleet, workers,     metrics, auth,          clock,
          {},       {},    "156.0.1.2", false,   folder.path(), [] { return false; }};
  net::Router router = make_router(api);
};

TEST_F(RecordingRoutesTest, ShowWhatIsToComeBeforeItsWorkerHasToldOfIt) {
  const auto shown = list();
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].at("name").as_string(), "network.har");
  EXPECT_EQ(shown[0].at("state").as_string(), "recording");
  EXPECT_TRUE(shown[0].at("bytes").is_null());
}

TEST_F(RecordingRoutesTest, ShowAllThatIsKnown) {
  note(RecordingState::kTruncated, "the disk was full");
  const auto shown = list();
  ASSERT_EQ(shown.size(), 1U);
  EXPECT_EQ(shown[0].at("kind").as_string(), "har");
  EXPECT_EQ(shown[0].at("why").as_string(), "the disk was full");
  EXPECT_EQ(shown[0].at("bytes").to_number<std::uint64_t>(), content.size());
  EXPECT_EQ(shown[0].at("sha256").as_string(), sha256_hex(content));
  EXPECT_EQ(shown[0].at("duration").as_double(), 1.5);
}

TEST_F(RecordingRoutesTest, ShowNothingOfASessionThatIsNotRecorded) {
  session = session::Session{SessionId::random()};
  log->record(session);
  EXPECT_TRUE(list().empty());
}

TEST_F(RecordingRoutesTest, KnowNoStranger) {
  const auto unknown = session::Session{SessionId::random()};
  store_it();
  session.owner = "somebody else";
  auto foreign = session::Session{SessionId::random()};
  foreign.owner = "somebody else";
  log->record(foreign);
  for (const auto& each : {unknown, foreign}) {
    session = each;
    for (const auto* path : {"", "/network.har"}) {
      for (const auto* method : {"GET", "DELETE"}) {
        const auto answer = ask(method, path);
        EXPECT_EQ(answer.status, 404);
        EXPECT_EQ(reason(answer), "session_not_found");
      }
    }
  }
}

TEST_F(RecordingRoutesTest, GiveTheBytesWhereTheStoreHasNoUrls) {
  store_it();
  const auto answer = ask("GET", "/network.har");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.headers.get("Content-Type"), "application/json");
  EXPECT_EQ(answer.headers.get("ETag"), "\"" + sha256_hex(content) + "\"");
  EXPECT_FALSE(answer.headers.has("Content-Disposition"));
  EXPECT_TRUE(body(answer) == content);
}

TEST_F(RecordingRoutesTest, GiveAPartOfThem) {
  store_it();
  const auto answer = ask("GET", "/network.har", {{"Range", "bytes=0-6"}});
  EXPECT_EQ(answer.status, 206);
  EXPECT_EQ(answer.headers.get("Content-Range"), "bytes 0-6/" + std::to_string(content.size()));
  EXPECT_EQ(body(answer), "{\"log\":");
  EXPECT_EQ(part("bytes=-2"), "\"}");
  EXPECT_EQ(part("bytes=5-299999"), content.substr(5, 299'995));
}

TEST_F(RecordingRoutesTest, GiveAPartOnlyOfWhatTheClientHasTheRestOf) {
  store_it();
  EXPECT_EQ(part("bytes=0-1", "\"" + sha256_hex(content) + "\""), "{\"");
  EXPECT_TRUE(part("bytes=0-1", "\"another\"") == content);
  EXPECT_TRUE(part("bytes=0-1", "Sat, 29 Oct 2026 19:43:31 GMT") == content);
}

TEST_F(RecordingRoutesTest, RefuseAPartThatIsNotThere) {
  store_it();
  const auto answer = ask("GET", "/network.har", {{"Range", "bytes=9999999-"}});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(answer.headers.get("Content-Range"), "bytes */" + std::to_string(content.size()));
}

TEST_F(RecordingRoutesTest, GiveNothingToWhomHasItAll) {
  store_it();
  const auto tag = "\"" + sha256_hex(content) + "\"";
  EXPECT_EQ(ask("GET", "/network.har", {{"If-None-Match", tag}}).status, 304);
}

TEST_F(RecordingRoutesTest, NameAFileToBeSaved) {
  store_it();
  EXPECT_EQ(ask("GET", "/network.har?download=1").headers.get("Content-Disposition"),
            "attachment; filename=\"" + session.id.text() + "-network.har\"");
}

TEST_F(RecordingRoutesTest, LeadToTheStoreWhereItHasUrls) {
  store_it();
  objects.has_urls = true;
  const auto answer = ask("GET", "/network.har?download=1");
  EXPECT_EQ(answer.status, 302);
  EXPECT_EQ(answer.headers.get("Location"), kUrl);
  EXPECT_EQ(objects.presigned.download_name, session.id.text() + "-network.har");
  EXPECT_EQ(objects.presigned.lifetime, std::chrono::minutes(5));
}

TEST_F(RecordingRoutesTest, SayHowLongItIsWithoutAUrl) {
  store_it();
  objects.has_urls = true;
  const auto answer = ask("HEAD", "/network.har");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.source->bytes, content.size());
}

TEST_F(RecordingRoutesTest, SayHowLongAllOfItIsWhateverPartIsAskedFor) {
  store_it();
  for (const auto* range : {"bytes=0-6", "bytes=9999999-"}) {
    const auto answer = ask("HEAD", "/network.har", {{"Range", range}});
    ASSERT_EQ(answer.status, 200);
    EXPECT_EQ(answer.source->bytes, content.size());
    EXPECT_FALSE(answer.headers.has("Content-Range"));
  }
}

TEST_F(RecordingRoutesTest, SayWhyThereIsNoFile) {
  EXPECT_EQ(reason(ask("GET", "/network.har")), "recording_not_ready");
  note(RecordingState::kUploading);
  EXPECT_EQ(reason(ask("GET", "/network.har")), "recording_not_ready");
  note(RecordingState::kFailed, "no frame was recorded");
  const auto failed = ask("GET", "/network.har");
  EXPECT_EQ(reason(failed), "recording_not_found");
  EXPECT_NE(failed.body.find("no frame was recorded"), std::string::npos);
  EXPECT_EQ(reason(ask("GET", "/video.webm")), "recording_not_found");
}

TEST_F(RecordingRoutesTest, SayThatTheStoreHasItNoMore) {
  note(RecordingState::kStored);
  EXPECT_EQ(reason(ask("GET", "/network.har")), "recording_not_found");
}

TEST_F(RecordingRoutesTest, RemoveOne) {
  end();
  store_it();
  EXPECT_EQ(ask("DELETE", "/network.har").status, 204);
  EXPECT_EQ(ask("DELETE", "/network.har").status, 204);
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(reason(ask("GET", "/network.har")), "recording_not_found");
  const auto by = Deadline::after(clock, Duration(5'000));
  EXPECT_FALSE(support::run_task(loop, objects.head(key(), by)).value());
  EXPECT_EQ(reason(ask("DELETE", "/video.webm")), "recording_not_found");
}

TEST_F(RecordingRoutesTest, RemoveAll) {
  end();
  store_it();
  EXPECT_EQ(ask("DELETE", "").status, 204);
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(ask("DELETE", "").status, 204);
}

TEST_F(RecordingRoutesTest, RemoveNothingThatIsBeingMade) {
  EXPECT_EQ(reason(ask("DELETE", "/network.har")), "recording_not_ready");
  EXPECT_EQ(ask("DELETE", "").status, 409);
  end();
  EXPECT_EQ(ask("DELETE", "/network.har").status, 204);
}

TEST_F(RecordingRoutesTest, RemoveNothingWhileTheStoreIsAway) {
  end();
  store_it();
  objects.is_away = true;
  EXPECT_EQ(ask("DELETE", "/network.har").status, 503);
  EXPECT_EQ(list().size(), 1U);
}

// Its worker brings it while it is removed, and then the store is away.
TEST_F(RecordingRoutesTest, RemoveWhatCameMeanwhileWhenTheyAreAskedAgain) {
  end();
  store_it();
  const auto stored = note(RecordingState::kUploading);
  objects.meanwhile = [&]() -> net::Task<void> {
    auto now_stored = stored;
    now_stored.state = RecordingState::kStored;
    (void)co_await log->note(now_stored);
    const store::PutRequest put{key(), folder.file("content"), "application/json"};
    const auto by = Deadline::after(clock, Duration(5'000));
    (void)co_await files->put(put, by);
    objects.is_away = true;
  };
  EXPECT_EQ(ask("DELETE", "/network.har").status, 503);
  objects.is_away = false;
  EXPECT_EQ(ask("DELETE", "/network.har").status, 204);
  const auto by = Deadline::after(clock, Duration(5'000));
  EXPECT_FALSE(support::run_task(loop, objects.head(key(), by)).value());
}

TEST_F(RecordingRoutesTest, SayThatNothingIsRecordedHere) {
  api.objects = nullptr;
  EXPECT_EQ(ask("GET", "").status, 501);
}

}  // namespace
}  // namespace pbaas::gateway
