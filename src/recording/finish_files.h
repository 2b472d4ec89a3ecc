// Makes the files of a recording out of what its folder holds: at its end, or after a crash of the
// program, for what was left. It may take seconds: never on the loop.
#pragma once

#include <cstdint>
#include <string>

#include "recording/har_spool.h"
#include "recording/recording_file.h"

namespace pbaas::recording {

std::string har_spool_path(const std::string& folder);

// `why` says what is missing; empty: nothing. What the file is made of is removed, whether it came
// to be or not.
RecordingFile finish_har(const std::string& folder, const HarOrigin& origin, std::string why);
RecordingFile finish_video(const std::string& folder, std::uint64_t end_ms, std::string why);

// Of a recording that was cut off, as where its program was killed: the file, as far as its folder
// has the makings of it. No other file of its making is left.
RecordingFile finish_left_over(const std::string& folder, RecordingKind kind,
                               const HarOrigin& origin, const std::string& why);
// What it is made of goes, as where no file came of it.
void remove_working_files(const std::string& folder, RecordingKind kind);

}  // namespace pbaas::recording
