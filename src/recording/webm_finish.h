// Makes one whole WebM file of what encoders wrote, wherever each was cut: with its duration, and
// an index to seek by. Reads and writes files; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace pbaas::recording {

struct WebmSummary {
  std::uint64_t bytes = 0;
  std::uint64_t duration_ms = 0;
  std::size_t frames = 0;
};

// `parts` are in the order of their times, which are all after one start. `end_ms` is when the
// recording ended; 0: with its last frame. Errors: kInternal, where there is no frame or a file
// cannot be read or written.
Result<WebmSummary> finish_webm(const std::vector<std::string>& parts, const std::string& path,
                                std::uint64_t end_ms);

}  // namespace pbaas::recording
