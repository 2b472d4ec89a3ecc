#include "gateway/recorded_session.h"

#include <algorithm>

#include "gateway/remove_recording.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using store::Recording;
using store::RecordingState;

// What a session that was asked to be recorded will have, before its worker has told of it.
std::vector<Recording> expected(const session::Session& session) {
  std::vector<Recording> list;
  const auto& record = session.options.record;
  if (!record || !session.started_at) return list;
  for (const auto kind : session::kinds_of(*record)) {
    Recording recording{.session = session.id, .name = std::string(file_name(kind)), .kind = kind};
    recording.changed_at = *session.started_at;
    list.push_back(std::move(recording));
  }
  return list;
}

Error not_ready(const std::string& detail) {
  return {Fault::kRecordingNotReady, detail, {}, 1};
}

RecordingStores stores_of(Api& api) {
  return {api.clock, *api.recordings, *api.objects};
}

bool has_content(const Recording& recording) {
  return recording.state != RecordingState::kRecording && !recording.sha256.empty();
}

}  // namespace

json::object to_json(const Recording& recording) {
  json::object object;
  object["name"] = recording.name;
  object["kind"] = to_word(recording.kind);
  object["state"] = to_word(recording.state);
  object["why"] = recording.why.empty() ? json::value(nullptr) : json::value(recording.why);
  const bool has = has_content(recording);
  object["bytes"] = has ? json::value(recording.bytes) : json::value(nullptr);
  object["sha256"] = has ? json::value(recording.sha256) : json::value(nullptr);
  const bool has_duration = recording.duration > Duration{0};
  const auto seconds = std::chrono::duration<double>(recording.duration).count();
  object["duration"] = has_duration ? json::value(seconds) : json::value(nullptr);
  object["changed_at"] = to_rfc3339(recording.changed_at);
  return object;
}

net::Task<Result<RecordedSession>> RecordedSession::find(const net::Request& request, Api& api) {
  const auto id = session_id(request);
  if (!id) co_return id.error();
  const auto owner = api.auth.owner(request);
  const auto session = co_await api.sessions.find(*id, owner);
  if (!session) co_return session.error();
  if (!api.recordings || !api.objects) {
    co_return Error{Fault::kNotImplemented,
                    "this service has no store for recordings (MINIO_ENDPOINT)"};
  }
  const auto rows = co_await api.recordings->recordings_of(*id);
  if (!rows) co_return rows.error();
  co_return RecordedSession(*session, *rows);
}

RecordedSession::RecordedSession(session::Session session,
                                 const std::vector<store::Recording>& rows)
    : session_(std::move(session)), recordings_(expected(session_)) {
  for (const auto& row : rows) {
    std::erase_if(recordings_, [&](const auto& each) { return each.name == row.name; });
    if (row.removed) {
      removed_.push_back(row.name);
    } else {
      recordings_.push_back(row);
    }
  }
  std::ranges::sort(recordings_, {}, &Recording::name);
}

Result<Recording> RecordedSession::recording(const std::string& name) const {
  const auto found = std::ranges::find(recordings_, name, &Recording::name);
  if (found != recordings_.end()) return *found;
  return Error{Fault::kNoSuchRecording, "the session has no recording of this name"};
}

net::Task<Status> RecordedSession::remove(Api& api, const std::string& name) {
  // Its worker may have brought it while it was removed, and the store have gone away after that.
  if (std::ranges::find(removed_, name) != removed_.end())
    co_return co_await remove_object(stores_of(api), session_.id, name);
  const auto found = recording(name);
  if (!found) co_return found.error();
  co_return co_await remove_one(api, *found);
}

net::Task<Status> RecordedSession::remove_all(Api& api) {
  for (const auto& each : recordings_) {
    const Recording recording = each;
    const auto removed = co_await remove_one(api, recording);
    if (!removed) co_return removed;
  }
  for (const auto& name : removed_) {
    const auto removed = co_await remove_object(stores_of(api), session_.id, name);
    if (!removed) co_return removed;
  }
  co_return Status();
}

net::Task<Status> RecordedSession::remove_one(Api& api, Recording recording) const {
  if (recording.state == RecordingState::kRecording && is_live())
    co_return not_ready("the session is being recorded; end it first");
  co_return co_await remove_recording(stores_of(api), recording);
}

}  // namespace pbaas::gateway
