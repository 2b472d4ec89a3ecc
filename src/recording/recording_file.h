// What is kept of a session once it is over: plain values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "session/recording_kind.h"

namespace pbaas::recording {

using session::RecordingKind;

// Truncated: sound, but something is missing. Failed: there is no file.
enum class RecordingState { kComplete, kTruncated, kFailed };

std::string_view to_word(RecordingState state);

struct RecordingFile {
  RecordingKind kind = RecordingKind::kHar;
  RecordingState state = RecordingState::kFailed;
  std::string why{};   // of the state, where it is not complete
  std::string path{};  // empty: there is no file
  std::uint64_t bytes = 0;
  Duration duration{0};
};

}  // namespace pbaas::recording
