// One ffmpeg that turns JPEG frames into a VP8 WebM file. It never makes its caller wait: a frame
// that ffmpeg has no room for is not taken. When this process dies ffmpeg sees the end of its input
// and finishes the file. Owned by a recording; one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/unique_fd.h"
#include "session/record_options.h"

namespace pbaas::recording {

struct EncoderSpec {
  std::string ffmpeg;  // path of the program
  std::string path;    // of the file it writes
  session::VideoOptions video;
  std::string started_at;  // time 0 of its frames, RFC 3339
};

class Encoder {
 public:
  // Errors: kInternal where it cannot be started.
  static Result<Encoder> start(const EncoderSpec& spec);
  ~Encoder();
  Encoder(Encoder&& other) noexcept;
  Encoder& operator=(Encoder&&) = delete;

  // False where the last frame is still being taken, or ffmpeg has ended.
  bool write(std::uint64_t at_ms, std::string_view jpeg);
  // Hands over more of a frame that was taken in part.
  void flush();
  bool is_waiting() const { return !unsent_.empty(); }
  // Why it ended by itself: what it last wrote, or its status. Nothing: it runs.
  std::optional<std::string> ended();
  // Takes no more, and lets it finish its file by itself.
  void end_input();
  // Ends its input and waits for the end of the file; kills it at the deadline.
  void finish(const Clock& clock, Deadline deadline);
  // The file has all that was written.
  bool has_finished_well() const { return finished_well_; }
  pid_t pid() const { return pid_; }

 private:
  Encoder(pid_t pid, UniqueFd input, UniqueFd words)
      : pid_(pid), input_(std::move(input)), words_(std::move(words)) {}
  bool reap(int options);
  void kill();

  pid_t pid_ = -1;  // -1: reaped
  int status_ = 0;
  bool finished_well_ = false;
  bool has_lost_frames_ = false;  // taken, but not handed over whole
  UniqueFd input_;
  UniqueFd words_;  // what it writes on stderr, in memory
  std::string unsent_;
};

}  // namespace pbaas::recording
