#include "recording/webm_finish.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/unique_fd.h"
#include "recording/ebml.h"
#include "recording/webm_scan.h"

namespace pbaas::recording {
namespace {

using namespace ebml;

// A block's time is 16 bits after its cluster's.
constexpr std::uint64_t kClusterMsMax = 30'000;
// How long the last picture is shown where nobody says when the recording ended.
constexpr std::uint64_t kLastFrameMs = 100;

Error failed(const std::string& what) {
  return {Fault::kInternal, what + ": " + std::strerror(errno)};
}

struct Part {
  UniqueFd file;
  WebmScan scan;
};

class Writer {
 public:
  explicit Writer(FILE* file) : file_(file) {}

  void write(std::string_view bytes) {
    ok_ = ok_ && ::fwrite(bytes.data(), 1, bytes.size(), file_) == bytes.size();
    at_ += bytes.size();
  }
  void rewrite(std::uint64_t offset, std::string_view bytes) {
    ok_ = ok_ && ::fflush(file_) == 0 &&
          ::pwrite(::fileno(file_), bytes.data(), bytes.size(), static_cast<off_t>(offset)) ==
              static_cast<ssize_t>(bytes.size());
  }
  // It is on the disk before what it is made of goes.
  bool finish() { return ok_ && ::fflush(file_) == 0 && ::fsync(::fileno(file_)) == 0; }
  std::uint64_t at() const { return at_; }

 private:
  FILE* file_;
  bool ok_ = true;
  std::uint64_t at_ = 0;
};

std::string webm_head() {
  return element(kEbml, number(kEbmlVersion, 1) + number(kEbmlReadVersion, 1) +
                            number(kEbmlMaxIdLength, 4) + number(kEbmlMaxSizeLength, 8) +
                            element(kDocType, "webm") + number(kDocTypeVersion, 4) +
                            number(kDocTypeReadVersion, 2));
}

std::string seek(Id id, std::uint64_t position) {
  // The id as the bytes it is written with: those of an element without content, but its size.
  const auto whole = head(id, 0);
  return element(kSeek, element(kSeekId, whole.substr(0, whole.size() - 8)) +
                            fixed_number(kSeekPosition, position));
}

// Always of one size, so that it can be written again when the places are known.
std::string seek_head(std::uint64_t info, std::uint64_t tracks, std::uint64_t cues) {
  return element(kSeekHead, seek(kInfo, info) + seek(kTracks, tracks) + seek(kCues, cues));
}

std::string info(std::uint64_t duration_ms, const std::string& date) {
  return element(kInfo, number(kTimestampScale, kNanosecondsPerTick) +
                            real(kDuration, static_cast<double>(duration_ms)) + date +
                            element(kMuxingApp, "pbaas") + element(kWritingApp, "pbaas"));
}

class Finisher {
 public:
  Finisher(std::vector<Part>& parts, FILE* file) : parts_(parts), writer_(file) {}

  WebmSummary run(std::uint64_t end_ms) {
    const auto segment = start();
    const auto seek_at = writer_.at();
    writer_.write(seek_head(0, 0, 0));
    const auto info_at = writer_.at();
    const auto date = parts_.front().scan.date;
    writer_.write(info(0, date));
    const auto tracks_at = writer_.at();
    writer_.write(tracks());
    for (auto& part : parts_) add(part);
    flush_cluster();
    const auto cues_at = writer_.at();
    writer_.write(element(kCues, cues_));
    const auto shown = end_ms > 0 ? std::max(end_ms, last_ms_) : last_ms_ + kLastFrameMs;
    writer_.rewrite(segment - 8, head(kSegment, writer_.at() - segment).substr(4));
    writer_.rewrite(seek_at, seek_head(info_at - segment, tracks_at - segment, cues_at - segment));
    writer_.rewrite(info_at, info(shown, date));
    return {writer_.at(), shown, frames_};
  }
  bool finish() { return writer_.finish(); }

 private:
  // Gives where the segment's content starts: all positions count from there.
  std::uint64_t start() {
    segment_ = 0;
    writer_.write(webm_head());
    writer_.write(head(kSegment, kUnknownSize));
    return segment_ = writer_.at();
  }

  std::string tracks() const {
    for (const auto& part : parts_) {
      if (!part.scan.tracks.empty()) return part.scan.tracks;
    }
    return {};
  }

  void add(Part& part) {
    bool has_key = false;
    for (const auto& frame : part.scan.frames) {
      has_key = has_key || frame.is_key;
      const bool is_later = frames_ == 0 || frame.at_ms > last_ms_;
      if (has_key && is_later) add(part.file.get(), frame);
    }
  }

  void add(int file, const WebmFrame& frame) {
    std::string picture(frame.bytes, '\0');
    const auto got =
        ::pread(file, picture.data(), picture.size(), static_cast<off_t>(frame.offset));
    if (got != static_cast<ssize_t>(picture.size())) return;
    const bool is_far = frame.at_ms - cluster_ms_ > kClusterMsMax;
    if (frame.is_key || cluster_.empty() || is_far) {
      flush_cluster();
      cluster_ms_ = frame.at_ms;
      cluster_is_key_ = frame.is_key;
      cluster_ = number(kTimestamp, cluster_ms_);
    }
    cluster_ += head(kSimpleBlock, kSimpleBlockHeadBytes + picture.size());
    cluster_ +=
        simple_block_head(static_cast<std::int16_t>(frame.at_ms - cluster_ms_), frame.is_key);
    cluster_ += picture;
    last_ms_ = frame.at_ms;
    ++frames_;
  }

  void flush_cluster() {
    if (cluster_.empty()) return;
    if (cluster_is_key_) {
      cues_ += element(
          kCuePoint,
          number(kCueTime, cluster_ms_) +
              element(kCueTrackPositions,
                      number(kCueTrack, 1) + number(kCueClusterPosition, writer_.at() - segment_)));
    }
    writer_.write(element(kCluster, cluster_));
    cluster_.clear();
  }

  std::vector<Part>& parts_;
  Writer writer_;
  std::uint64_t segment_ = 0;
  std::string cluster_;  // at most some seconds of video
  std::uint64_t cluster_ms_ = 0;
  bool cluster_is_key_ = false;
  std::string cues_;
  std::uint64_t last_ms_ = 0;
  std::size_t frames_ = 0;
};

Result<std::vector<Part>> open_parts(const std::vector<std::string>& paths) {
  std::vector<Part> parts;
  for (const auto& path : paths) {
    UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) continue;  // Its encoder never came to write.
    auto scan = scan_webm(file.get());
    if (!scan) return scan.error();
    parts.push_back({std::move(file), std::move(*scan)});
  }
  return parts;
}

}  // namespace

Result<WebmSummary> finish_webm(const std::vector<std::string>& parts, const std::string& path,
                                std::uint64_t end_ms) {
  auto opened = open_parts(parts);
  if (!opened) return opened.error();
  const bool has_frames = std::any_of(opened->begin(), opened->end(), [](const Part& part) {
    return !part.scan.tracks.empty() && !part.scan.frames.empty();
  });
  if (!has_frames) return Error{Fault::kInternal, "no frame was recorded"};
  const std::unique_ptr<FILE, decltype(&::fclose)> file(::fopen(path.c_str(), "we"), &::fclose);
  if (!file) return failed("cannot write the video");
  Finisher finisher(*opened, file.get());
  const auto summary = finisher.run(end_ms);
  if (!finisher.finish()) return failed("cannot write the video");
  return summary;
}

}  // namespace pbaas::recording
