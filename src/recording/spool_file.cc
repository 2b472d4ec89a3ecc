#include "recording/spool_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace pbaas::recording {
namespace {

constexpr std::size_t kBufferBytes = 64 * 1024;
// What is made of a spool on a full disk takes its place, and may be longer than a short one: by
// what surrounds the lines.
constexpr off_t kReservedBytes = 64 * 1024;

}  // namespace

std::string write_all(int file, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return std::strerror(errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

SpoolFile::SpoolFile(const std::string& path, std::uint64_t bytes_max)
    : file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)),
      bytes_max_(bytes_max) {
  if (!file_.valid()) problem_ = std::string("cannot open the spool: ") + std::strerror(errno);
  // Where the disk takes this no more, the spool's end makes less room.
  (void)::fallocate(file_.get(), FALLOC_FL_KEEP_SIZE, 0, kReservedBytes);
}

void SpoolFile::add(std::string_view line) {
  if (!problem_.empty()) return;
  if (bytes_ + line.size() + 1 > bytes_max_) {
    flush();
    problem_ = "longer than " + std::to_string(bytes_max_) + " bytes";
    return;
  }
  bytes_ += line.size() + 1;
  buffer_.append(line);
  buffer_.push_back('\n');
  if (buffer_.size() >= kBufferBytes) flush();
}

void SpoolFile::flush() {
  if (buffer_.empty() || !problem_.empty()) return;
  if (const auto why = write_all(file_.get(), buffer_); !why.empty())
    problem_ = "cannot write the spool: " + why;
  buffer_.clear();
}

}  // namespace pbaas::recording
