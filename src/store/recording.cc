#include "store/recording.h"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <stdexcept>

#include "store/object_key.h"
#include "store/valid_text.h"

namespace pbaas::store {
namespace {

namespace json = boost::json;

constexpr std::size_t kManifestBytesMax = 16 * 1024;
constexpr std::size_t kSha256Digits = 64;
constexpr std::array kStates{RecordingState::kRecording, RecordingState::kUploading,
                             RecordingState::kStored, RecordingState::kTruncated,
                             RecordingState::kFailed};

bool is_sha256(std::string_view text) {
  return text.size() == kSha256Digits && text.find_first_not_of("0123456789abcdef") == text.npos;
}

// Throws where a field is missing or of another type.
std::optional<Recording> from_object(const json::object& object) {
  const auto session = SessionId::parse(object.at("session").as_string());
  const auto kind = session::recording_kind_from_word(object.at("kind").as_string());
  const auto state = recording_state_from_word(object.at("state").as_string());
  if (!session || !kind || !state) return std::nullopt;
  Recording recording{.session = *session};
  recording.name = object.at("name").as_string();
  recording.kind = *kind;
  recording.state = *state;
  recording.truncated = object.at("truncated").as_bool();
  recording.bytes = json::value_to<std::uint64_t>(object.at("bytes"));
  recording.sha256 = object.at("sha256").as_string();
  recording.duration = Duration{object.at("duration_ms").as_int64()};
  recording.why = object.at("why").as_string();
  recording.changed_at = WallTime{Duration{object.at("changed_at_ms").as_int64()}};
  // Manifests of versions before do not say.
  const auto* removed = object.if_contains("removed");
  recording.removed = removed != nullptr && removed->as_bool();
  const bool has_content =
      *state != RecordingState::kRecording && *state != RecordingState::kFailed;
  if (!is_recording_name(recording.name) || (has_content && !is_sha256(recording.sha256)))
    return std::nullopt;
  return recording;
}

}  // namespace

bool Recording::is_settled() const {
  return state != RecordingState::kRecording && state != RecordingState::kUploading;
}

std::string_view to_word(RecordingState state) {
  switch (state) {
    case RecordingState::kRecording:
      return "recording";
    case RecordingState::kUploading:
      return "uploading";
    case RecordingState::kStored:
      return "stored";
    case RecordingState::kTruncated:
      return "truncated";
    case RecordingState::kFailed:
      return "failed";
  }
  throw std::logic_error("no such state of a recording");
}

std::string_view content_type(RecordingKind kind) {
  switch (kind) {
    case RecordingKind::kHar:
      return "application/json";
    case RecordingKind::kVideo:
      return "video/webm";
  }
  throw std::logic_error("no such kind of recording");
}

std::optional<RecordingState> recording_state_from_word(std::string_view word) {
  for (const auto state : kStates) {
    if (to_word(state) == word) return state;
  }
  return std::nullopt;
}

std::string to_manifest(const Recording& recording) {
  return json::serialize(
             json::object{{"session", recording.session.text()},
                          {"name", recording.name},
                          {"kind", to_word(recording.kind)},
                          {"state", to_word(recording.state)},
                          {"truncated", recording.truncated},
                          {"bytes", recording.bytes},
                          {"sha256", recording.sha256},
                          {"duration_ms", recording.duration.count()},
                          {"removed", recording.removed},
                          {"why", valid_text(recording.why)},
                          {"changed_at_ms", recording.changed_at.time_since_epoch().count()}}) +
         "\n";
}

std::optional<Recording> from_manifest(std::string_view text) {
  if (text.size() > kManifestBytesMax) return std::nullopt;
  boost::system::error_code error;
  const auto value = json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  try {
    return from_object(value.as_object());
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace pbaas::store
