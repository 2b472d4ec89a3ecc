#include "recording/video_track.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "base/log.h"
#include "recording/base64.h"

namespace pbaas::recording {
namespace {

double unix_seconds(WallTime time) {
  return static_cast<double>(time.time_since_epoch().count()) / 1000;
}

bool says_disk_full(const std::string& words) {
  return words.find("No space left") != std::string::npos;
}

}  // namespace

VideoTrack::VideoTrack(VideoSpec spec, const Clock& clock)
    : spec_(std::move(spec)),
      clock_(clock),
      started_(clock.now()),
      started_wall_(clock.wall()),
      interval_ms_(static_cast<std::uint64_t>(1000 / std::max(1, spec_.options.fps_max))) {
  start_encoder();
}

std::uint64_t VideoTrack::now_ms() const {
  return static_cast<std::uint64_t>((clock_.now() - started_).count());
}

void VideoTrack::frame(double shown, std::string_view base64) {
  if (!problem_.empty()) return;
  auto jpeg = decode_base64(base64);
  if (!jpeg) return;
  if (is_waiting_) ++dropped_;
  jpeg_ = std::move(*jpeg);
  // The clock of the day may jump: a frame is never of the future, nor before the one before.
  const double after = (shown - unix_seconds(started_wall_)) * 1000;
  shown_ms_ = std::min(now_ms(), static_cast<std::uint64_t>(std::max(0.0, after)));
  is_waiting_ = true;
  write();
}

void VideoTrack::write() {
  if (!is_waiting_ || !encoder_runs()) return;
  // Frames that come closer are one too many for whoever plays them: the last of them is kept.
  const auto earliest_ms = has_written_ ? written_ms_ + interval_ms_ : 0;
  const auto at_ms = std::max(shown_ms_, earliest_ms);
  if (at_ms > now_ms() || !encoder_->write(at_ms, jpeg_)) return;
  is_waiting_ = false;
  has_written_ = true;
  written_ms_ = at_ms;
  written_at_ = clock_.now();
}

void VideoTrack::tick() {
  if (!problem_.empty() || !encoder_runs()) return;
  encoder_->flush();
  if (clock_.now() - size_checked_at_ >= kSizeCheckInterval) check_size();
  if (!problem_.empty()) return;
  if (!is_waiting_ && has_written_ && clock_.now() - written_at_ >= kStillFrameInterval) {
    shown_ms_ = now_ms();
    is_waiting_ = true;
  }
  write();
}

bool VideoTrack::encoder_runs() {
  if (!encoder_) return false;
  const auto why = encoder_->ended();
  if (!why) return true;
  encoder_ended(*why);
  return encoder_.has_value();
}

void VideoTrack::start_encoder() {
  const auto path = spec_.folder + "/video." + std::to_string(parts_.size()) + ".part.webm";
  auto encoder = Encoder::start({spec_.ffmpeg, path, spec_.options, to_rfc3339(started_wall_)});
  if (!encoder) {
    problem_ = encoder.error().detail;
    return;
  }
  parts_.push_back(path);
  encoder_.emplace(std::move(*encoder));
}

void VideoTrack::encoder_ended(const std::string& why) {
  log::warn("encoder_ended", {{"detail", why}});
  encoder_.reset();
  if (says_disk_full(why)) {
    problem_ = "the disk is full";
  } else if (parts_.size() >= kEncodersMax) {
    problem_ = "ffmpeg ended again and again: " + why;
  } else {
    start_encoder();
    // A new encoder has seen nothing yet.
    is_waiting_ = has_written_;
  }
}

void VideoTrack::check_size() {
  size_checked_at_ = clock_.now();
  std::uint64_t bytes = 0;
  for (const auto& path : parts_) {
    struct stat status{};
    if (::stat(path.c_str(), &status) == 0) bytes += static_cast<std::uint64_t>(status.st_size);
  }
  if (bytes <= spec_.bytes_max) return;
  problem_ = "longer than " + std::to_string(spec_.bytes_max) + " bytes";
  // What it was given belongs to the video: it writes that, and ends.
  encoder_->end_input();
}

void VideoTrack::finish(Deadline deadline) {
  const bool is_recording = problem_.empty() && encoder_runs();
  if (!encoder_) return;
  // What was shown last was shown until now.
  if (is_recording && (has_written_ || is_waiting_)) {
    shown_ms_ = now_ms();
    is_waiting_ = true;
    write();
  }
  encoder_->finish(clock_, deadline);
  if (!encoder_->has_finished_well()) {
    log::warn("encoder_cut", {{"pid", encoder_->pid()}});
    if (problem_.empty()) problem_ = "ffmpeg was ended before it had written all";
  }
  encoder_.reset();
}

}  // namespace pbaas::recording
