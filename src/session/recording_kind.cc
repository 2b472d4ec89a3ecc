#include "session/recording_kind.h"

namespace pbaas::session {

std::string_view to_word(RecordingKind kind) {
  switch (kind) {
    case RecordingKind::kHar:
      return "har";
    case RecordingKind::kVideo:
      return "video";
  }
  return "";
}

std::optional<RecordingKind> recording_kind_from_word(std::string_view word) {
  for (const auto kind : {RecordingKind::kHar, RecordingKind::kVideo}) {
    if (to_word(kind) == word) return kind;
  }
  return std::nullopt;
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

std::vector<RecordingKind> kinds_of(const RecordOptions& options) {
  std::vector<RecordingKind> kinds;
  if (options.har) kinds.push_back(RecordingKind::kHar);
  if (options.video) kinds.push_back(RecordingKind::kVideo);
  return kinds;
}

}  // namespace pbaas::session
