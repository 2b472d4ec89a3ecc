// Makes the files of a recording out of what its folder holds: at its end, or after a crash of the
// program, for what was left. It may take seconds: never on the loop.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "recording/har_spool.h"
#include "recording/recording_file.h"

namespace pbaas::recording {

std::string har_spool_path(const std::string& folder);

// `why` says what is missing; empty: nothing. The spool is removed once the file is there.
RecordingFile finish_har(const std::string& folder, const HarOrigin& origin, std::string why);
RecordingFile finish_video(const std::string& folder, std::uint64_t end_ms, std::string why);

// Of a recording whose program was killed: each file that its folder has the makings of.
std::vector<RecordingFile> finish_left_over(const std::string& folder, const HarOrigin& origin);

}  // namespace pbaas::recording
