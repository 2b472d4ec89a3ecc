#include "recording/recording_file.h"

namespace pbaas::recording {

std::string_view to_word(RecordingKind kind) {
  switch (kind) {
    case RecordingKind::kHar:
      return "har";
    case RecordingKind::kVideo:
      return "video";
  }
  return "";
}

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

std::string_view file_name(RecordingKind kind) {
  switch (kind) {
    case RecordingKind::kHar:
      return "network.har";
    case RecordingKind::kVideo:
      return "video.webm";
  }
  return "";
}

}  // namespace pbaas::recording
