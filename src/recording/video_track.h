// The video of one session: frames with their true times, through an encoder that is started again
// when it dies, into files that are made one at the end. Frames are dropped before anybody waits.
// Owned by a recording; one thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "recording/encoder.h"
#include "session/record_options.h"

namespace pbaas::recording {

struct VideoSpec {
  std::string ffmpeg;
  std::string folder;  // where its parts go
  session::VideoOptions options;
  std::uint64_t bytes_max = 1ull << 30;
};

// A page that is still is written again this often: what a kill cuts off is no longer than that.
inline constexpr Duration kStillFrameInterval{2'000};
inline constexpr int kEncodersMax = 5;
// A video that moves is measured as often as one that does not.
inline constexpr Duration kSizeCheckInterval{2'000};

class VideoTrack {
 public:
  VideoTrack(VideoSpec spec, const Clock& clock);

  // Shown in Unix seconds; taken, or put in the place of one that waits.
  void frame(double shown, std::string_view base64);
  void tick();
  // Ends the encoder; waits for it until the deadline.
  void finish(Deadline deadline);

  const std::vector<std::string>& parts() const { return parts_; }
  std::uint64_t end_ms() const { return now_ms(); }
  bool has_picture() const { return has_written_; }
  // Why no more is recorded; empty: it is.
  const std::string& problem() const { return problem_; }
  std::uint64_t dropped() const { return dropped_; }

 private:
  std::uint64_t now_ms() const;
  void write();
  bool encoder_runs();
  void start_encoder();
  void encoder_ended(const std::string& why);
  void check_size();

  const VideoSpec spec_;
  const Clock& clock_;
  const Instant started_;
  const WallTime started_wall_;
  const std::uint64_t interval_ms_;
  std::optional<Encoder> encoder_;
  std::vector<std::string> parts_;
  std::string jpeg_;              // the latest frame
  std::uint64_t shown_ms_ = 0;    // when it was shown, after the start
  std::uint64_t written_ms_ = 0;  // of the last that the encoder took
  bool has_written_ = false;
  bool is_waiting_ = false;  // the latest is not written yet
  Instant written_at_{};
  Instant size_checked_at_ = started_;
  std::uint64_t dropped_ = 0;
  std::string problem_;
};

}  // namespace pbaas::recording
