// A Recording is a file kept after a session, and how far it is on its way to the object store:
// what GET /session/{id}/recordings shows, and what its manifest in the spool says. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "session/recording_kind.h"

namespace pbaas::store {

using session::RecordingKind;

enum class RecordingState {
  kRecording,
  kUploading,
  kStored,
  kTruncated,  // stored, but it ends before the session did
  kFailed,
};

struct Recording {
  SessionId session;
  std::string name;  // "network.har"
  RecordingKind kind = RecordingKind::kHar;
  RecordingState state = RecordingState::kRecording;
  bool truncated = false;  // becomes kTruncated instead of kStored
  std::uint64_t bytes = 0;
  std::string sha256{};   // once it is finished
  Duration duration{0};   // of what it shows
  std::string why{};      // it failed, was truncated, or is not uploaded yet
  WallTime changed_at{};  // when it came to this state
  bool removed = false;   // by somebody: it is kept in mind until whoever has it has heard of that

  // Whether nothing more happens to it but its removal.
  bool is_settled() const;
};

std::string_view to_word(RecordingState state);
std::optional<RecordingState> recording_state_from_word(std::string_view word);
std::string_view content_type(RecordingKind kind);

// One line of JSON. What it reads it checks, for a file may hold anything.
std::string to_manifest(const Recording& recording);
std::optional<Recording> from_manifest(std::string_view text);

}  // namespace pbaas::store
