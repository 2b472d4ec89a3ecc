// One session's recording at work: reads what the browser tells, and writes HAR spool and video.
// Lives on the recording's own thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "recording/body_fetcher.h"
#include "recording/cdp_commands.h"
#include "recording/har_builder.h"
#include "recording/har_spool.h"
#include "recording/recording_file.h"
#include "recording/screencast.h"
#include "recording/target_watch.h"
#include "recording/video_track.h"

namespace pbaas::recording {

struct CaptureSpec {
  session::RecordOptions options;
  std::string folder;           // exists, and is its own
  std::string ffmpeg;           // path of the program
  std::string browser_session;  // its flattened session of the browser itself
  HarOrigin origin;
};

class Capture final : private HarSink {
 public:
  // `on_ready` is called once, when all that was there at the start tells what happens.
  Capture(CaptureSpec spec, const Clock& clock, CdpCommands::Send send,
          std::function<void()> on_ready);

  void start() { targets_.start(); }
  void take(const browser::PipeMessage& message);
  // Messages that there was no room for.
  void lost(std::uint64_t messages);
  void tick();
  Instant next_due(Instant otherwise) const;
  // Nothing is under way that would be told soon.
  bool is_idle() const { return bodies_.is_idle() && targets_.is_idle() && !waits_for_picture(); }
  std::vector<RecordingFile> finish(Deadline deadline);

 private:
  void page(const boost::json::object& page) override { har_spool_->page(page); }
  void entry(std::uint64_t number, std::int64_t at_us, const boost::json::object& entry) override {
    har_spool_->entry(number, at_us, entry);
  }
  void want_body(const std::string& session, const std::string& request_id) override {
    bodies_.want(session, request_id, clock_.now());
  }
  // A page is there, and its first picture is still to come.
  bool waits_for_picture() const;
  void answer(const CdpMessage& message);
  void event(CdpMessage message);
  void attached(const AttachedTarget& target);
  void detached(const std::string& session);
  std::string what_har_lacks() const;

  const CaptureSpec spec_;
  const Clock& clock_;
  const Instant started_;
  CdpCommands commands_;
  TargetWatch targets_;
  BodyFetcher bodies_;
  std::optional<HarSpool> har_spool_;
  std::optional<HarBuilder> har_;
  std::optional<VideoTrack> video_;
  std::optional<Screencast> screencast_;
  std::uint64_t lost_ = 0;
};

}  // namespace pbaas::recording
