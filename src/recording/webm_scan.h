// Finds the frames of a WebM file that may be cut anywhere, as after a kill of its encoder. Reads a
// file; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace pbaas::recording {

struct WebmFrame {
  std::uint64_t at_ms = 0;
  std::uint64_t offset = 0;  // of the coded picture in the file
  std::uint32_t bytes = 0;
  bool is_key = false;
};

struct WebmScan {
  std::string tracks;  // the element as it is in the file; empty: cut before it
  std::string date;    // likewise: when time 0 was
  std::vector<WebmFrame> frames;
};

// Errors: kInternal where the file cannot be read.
Result<WebmScan> scan_webm(int file);

}  // namespace pbaas::recording
