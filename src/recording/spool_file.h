// A file that lines are added to while a session runs. It never fails its writer: when the disk or
// its limit is full it stops for good and says so. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/unique_fd.h"

namespace pbaas::recording {

class SpoolFile {
 public:
  // Replaces what was there. Where it cannot be opened, `problem` says why.
  SpoolFile(const std::string& path, std::uint64_t bytes_max);

  // Adds the line and a line end, sooner or later.
  void add(std::string_view line);
  // Hands what was added to the kernel: what survives a kill of this process.
  void flush();
  // Why nothing more is taken; empty: it is.
  const std::string& problem() const { return problem_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  UniqueFd file_;
  const std::uint64_t bytes_max_;
  std::uint64_t bytes_ = 0;
  std::string buffer_;
  std::string problem_;
};

// Writes all bytes; says why not, or nothing.
std::string write_all(int file, std::string_view bytes);

}  // namespace pbaas::recording
