// GET and DELETE of what was recorded of a session.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>

#include "gateway/recorded_session.h"
#include "net/byte_range.h"
#include "store/object_key.h"

namespace pbaas::gateway {
namespace {

namespace json = boost::json;
using net::Request;
using net::Response;
using net::Task;
using store::Recording;
using store::RecordingState;

// Held in memory for each client that takes a recording.
constexpr std::uint64_t kPieceBytes = 256 * 1024;
constexpr Duration kStoreCallMax{30'000};

Task<Response> list_recordings(Request& request, Api& api) {
  const auto session = co_await RecordedSession::find(request, api);
  if (!session) co_return Response::problem(session.error());
  json::array recordings;
  for (const auto& each : session->recordings()) recordings.push_back(to_json(each));
  json::object body;
  body["recordings"] = std::move(recordings);
  co_return Response::json(200, body);
}

// What cannot be given: it is not there yet, or never will be.
std::optional<Error> refusal(const Recording& recording) {
  switch (recording.state) {
    case RecordingState::kRecording:
      return Error{Fault::kRecordingNotReady, "the recording is being made", {}, 1};
    case RecordingState::kUploading:
      return Error{Fault::kRecordingNotReady, "the recording is on its way to the store", {}, 1};
    case RecordingState::kFailed:
      return Error{Fault::kNoSuchRecording, "the recording failed: " + recording.why};
    case RecordingState::kStored:
    case RecordingState::kTruncated:
      return std::nullopt;
  }
  return std::nullopt;
}

bool is_download(const Request& request) {
  const auto found = request.query.find("download");
  return found != request.query.end() && found->second != "0" && found->second != "false";
}

std::string download_name(const Recording& recording) {
  return recording.session.text() + "-" + recording.name;
}

std::string etag(const store::ObjectInfo& object) {
  return object.sha256.empty() ? "" : "\"" + object.sha256 + "\"";
}

// A part is given only of what the client has the rest of.
bool may_be_partial(const Request& request, const std::string& tag) {
  const auto condition = request.headers.get("If-Range");
  return !condition || (!tag.empty() && *condition == tag);
}

std::shared_ptr<net::BodySource> source_of(Api& api, std::string key, net::ByteRange part) {
  auto source = std::make_shared<net::BodySource>();
  source->bytes = part.bytes;
  source->next = [&api, key = std::move(key), at = part.first,
                  end = part.first + part.bytes]() mutable -> Task<Result<std::string>> {
    const auto deadline = Deadline::after(api.clock, kStoreCallMax);
    auto piece = co_await api.objects->read(key, at, std::min(kPieceBytes, end - at), deadline);
    if (!piece) co_return piece.error();
    if (!*piece) co_return Error{Fault::kNoSuchRecording, "the object is gone"};
    at += (*piece)->size();
    co_return std::move(**piece);
  };
  return source;
}

Response content(const Request& request, Api& api, const Recording& recording,
                 const store::ObjectInfo& object) {
  Response response;
  const auto tag = etag(object);
  response.headers.set("Content-Type", std::string(store::content_type(recording.kind)));
  response.headers.set("Accept-Ranges", "bytes");
  if (!tag.empty()) response.headers.set("ETag", tag);
  if (is_download(request)) {
    response.headers.set("Content-Disposition",
                         "attachment; filename=\"" + download_name(recording) + "\"");
  }
  if (!tag.empty() && request.headers.get("If-None-Match") == tag) {
    response.status = 304;
    return response;
  }
  net::ByteRange part{0, object.bytes};
  const auto range = net::read_range(request.headers.get("Range"), object.bytes);
  // A range is of GET alone: https://www.rfc-editor.org/rfc/rfc9110#section-14.2
  const bool is_partial = request.method == "GET" && may_be_partial(request, tag);
  if (is_partial && range.answer == net::RangeAnswer::kUnsatisfiable) {
    response = Response::problem({Fault::kRangeNotSatisfiable,
                                  "the recording has " + std::to_string(object.bytes) + " bytes"});
    response.headers.set("Content-Range", "bytes */" + std::to_string(object.bytes));
    return response;
  }
  if (is_partial && range.answer == net::RangeAnswer::kPart) {
    part = range.part;
    response.status = 206;
    response.headers.set("Content-Range", "bytes " + std::to_string(part.first) + "-" +
                                              std::to_string(part.first + part.bytes - 1) + "/" +
                                              std::to_string(object.bytes));
  }
  auto key = store::object_key(recording.session, recording.name);
  response.source = source_of(api, std::move(key), part);
  return response;
}

// Where the store has URLs its own servers give the bytes. A URL is good for GET alone, so HEAD is
// answered here.
Result<std::optional<Response>> redirect(const Request& request, Api& api,
                                         const Recording& recording) {
  if (request.method == "HEAD") return std::optional<Response>{};
  store::PresignOptions options;
  options.content_type = store::content_type(recording.kind);
  if (is_download(request)) options.download_name = download_name(recording);
  const auto url =
      api.objects->presign(store::object_key(recording.session, recording.name), options);
  if (!url) return url.error();
  if (!*url) return std::optional<Response>{};
  Response response;
  response.status = 302;
  response.headers.set("Location", **url);
  return std::optional(std::move(response));
}

Task<Response> fetch(Request& request, Api& api) {
  const auto session = co_await RecordedSession::find(request, api);
  if (!session) co_return Response::problem(session.error());
  const auto recording = session->recording(request.params.at("name"));
  if (!recording) co_return Response::problem(recording.error());
  if (const auto refused = refusal(*recording)) co_return Response::problem(*refused);
  auto redirected = redirect(request, api, *recording);
  if (!redirected) co_return Response::problem(redirected.error());
  if (*redirected) co_return std::move(**redirected);
  const auto key = store::object_key(recording->session, recording->name);
  const auto deadline = Deadline::after(api.clock, kStoreCallMax);
  const auto object = co_await api.objects->head(key, deadline);
  if (!object) co_return Response::problem(object.error());
  if (!*object) {
    co_return Response::problem({Fault::kNoSuchRecording, "the store has the recording no more"});
  }
  co_return content(request, api, *recording, **object);
}

Response removed(const Status& status) {
  if (!status) return Response::problem(status.error());
  Response response;
  response.status = 204;
  return response;
}

Task<Response> remove(Request& request, Api& api) {
  auto session = co_await RecordedSession::find(request, api);
  if (!session) co_return Response::problem(session.error());
  const auto status = co_await session->remove(api, request.params.at("name"));
  co_return removed(status);
}

Task<Response> remove_all(Request& request, Api& api) {
  auto session = co_await RecordedSession::find(request, api);
  if (!session) co_return Response::problem(session.error());
  const auto status = co_await session->remove_all(api);
  co_return removed(status);
}

}  // namespace

void add_recording_routes(net::Router& router, Api& api) {
  const auto with_api = [&api](Task<Response> (*route)(Request&, Api&)) {
    return [&api, route](Request& request) { return route(request, api); };
  };
  for (const std::string collection : {"/session", "/sessions"}) {
    router.add("GET", collection + "/{id}/recordings", with_api(list_recordings));
    router.add("DELETE", collection + "/{id}/recordings", with_api(remove_all));
    router.add("GET", collection + "/{id}/recordings/{name}", with_api(fetch));
    router.add("DELETE", collection + "/{id}/recordings/{name}", with_api(remove));
  }
}

}  // namespace pbaas::gateway
