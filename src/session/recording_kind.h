// The kinds of recordings that a session can have, by their words and their files' names. Pure.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "session/record_options.h"

namespace pbaas::session {

enum class RecordingKind { kHar, kVideo };

std::string_view to_word(RecordingKind kind);
std::optional<RecordingKind> recording_kind_from_word(std::string_view word);
// Its name in the API and in the store, such as "network.har".
std::string_view file_name(RecordingKind kind);
// Those that were asked for.
std::vector<RecordingKind> kinds_of(const RecordOptions& options);

}  // namespace pbaas::session
