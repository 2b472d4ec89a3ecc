// The spool of a HAR: one JSON object a line, written as requests happen. A HAR comes out of it,
// wherever it ends. The writer is on the recording's thread; making the HAR may be on any.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <string>

#include "base/error.h"
#include "recording/spool_file.h"

namespace pbaas::recording {

inline constexpr std::uint64_t kHarSpoolBytesMax = 512u << 20;

class HarSpool {
 public:
  explicit HarSpool(const std::string& path) : file_(path, kHarSpoolBytesMax) {}

  void page(const boost::json::object& page);
  // A later line with the same number replaces an earlier one.
  void entry(std::uint64_t number, std::int64_t at_us, const boost::json::object& entry);
  void flush() { file_.flush(); }
  const std::string& problem() const { return file_.problem(); }

 private:
  SpoolFile file_;
};

struct HarSummary {
  std::size_t pages = 0;
  std::size_t entries = 0;
  std::uint64_t bytes = 0;
};

// Who made the HAR, and what of.
struct HarOrigin {
  std::string version;          // of this program
  std::string browser;          // such as "HeadlessChrome"
  std::string browser_version;  // empty: not known
  std::string comment{};        // what is missing, where something is
};

// Reads the spool and writes the HAR beside it, a line at a time: memory grows by some bytes an
// entry, not by its size. A last line that was cut is left out. Errors: kInternal, with why a file
// cannot be read or written.
Result<HarSummary> assemble_har(const std::string& spool_path, const std::string& har_path,
                                const HarOrigin& origin);

}  // namespace pbaas::recording
