#include "recording/recording_file.h"

namespace pbaas::recording {

std::string_view to_word(RecordingState state) {
  switch (state) {
    case RecordingState::kComplete:
      return "complete";
    case RecordingState::kTruncated:
      return "truncated";
    case RecordingState::kFailed:
      return "failed";
  }
  return "";
}

}  // namespace pbaas::recording
