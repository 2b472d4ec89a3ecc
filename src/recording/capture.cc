#include "recording/capture.h"

#include "recording/finish_files.h"

namespace pbaas::recording {
namespace {

double unix_seconds(const Clock& clock) {
  return static_cast<double>(clock.wall().time_since_epoch().count()) / 1000;
}

TellNetwork tell_network(const session::RecordOptions& options) {
  if (!options.har) return TellNetwork::kNo;
  return session::asks_for_bodies(options) ? TellNetwork::kWithBodies : TellNetwork::kYes;
}

}  // namespace

Capture::Capture(CaptureSpec spec, const Clock& clock, CdpCommands::Send send,
                 std::function<void()> on_ready)
    : spec_(std::move(spec)),
      clock_(clock),
      started_(clock.now()),
      commands_(std::move(send)),
      targets_(commands_, spec_.browser_session, tell_network(spec_.options),
               {[this](const AttachedTarget& target) { attached(target); },
                [this](const std::string& session) { detached(session); }, std::move(on_ready),
                [this](const std::string& session, const boost::json::object& tree) {
                  if (har_) har_->found(session, tree, clock_.now());
                }}),
      bodies_(commands_, [this](const std::string& request_id, std::optional<Body> body) {
        har_->body_arrived(request_id, std::move(body), clock_.now());
      }) {
  if (spec_.options.har) {
    har_spool_.emplace(har_spool_path(spec_.folder));
    har_.emplace(*spec_.options.har, static_cast<HarSink&>(*this), unix_seconds(clock), started_);
  }
  if (spec_.options.video) {
    video_.emplace(VideoSpec{spec_.ffmpeg, spec_.folder, *spec_.options.video}, clock);
    screencast_.emplace(
        commands_, *spec_.options.video,
        [this](double shown, std::string_view jpeg) { video_->frame(shown, jpeg); });
  }
}

void Capture::take(const browser::PipeMessage& message) {
  auto read = read_message(message);
  if (!read) return;
  if (read->method.empty()) {
    answer(*read);
  } else {
    event(std::move(*read));
  }
}

void Capture::answer(const CdpMessage& message) {
  if (!targets_.answer(message)) bodies_.answer(message, clock_.now());
}

void Capture::event(CdpMessage message) {
  if (targets_.event(message.session, message.method, message.content)) return;
  const auto now = clock_.now();
  if (screencast_ && screencast_->event(message.session, message.method, message.content, now))
    return;
  if (har_) har_->event(message.session, message.method, std::move(message.content), now);
}

void Capture::attached(const AttachedTarget& target) {
  if (har_) har_->attached(target);
  if (screencast_) screencast_->attached(target);
}

void Capture::detached(const std::string& session) {
  if (har_) {
    bodies_.detached(session, clock_.now());
    har_->detached(session);
  }
  if (screencast_) screencast_->detached(session);
}

void Capture::lost(std::uint64_t messages) {
  lost_ += messages;
  if (screencast_) screencast_->refresh();
}

void Capture::tick() {
  const auto now = clock_.now();
  if (har_) {
    bodies_.tick(now);
    har_->tick(now);
    har_spool_->flush();
  }
  if (!video_) return;
  screencast_->tick(now);
  video_->tick();
}

Instant Capture::next_due(Instant otherwise) const {
  return screencast_ ? screencast_->next_due(otherwise) : otherwise;
}

bool Capture::waits_for_picture() const {
  return video_ && video_->problem().empty() && !video_->has_picture() && screencast_->has_page();
}

std::string Capture::what_har_lacks() const {
  if (!har_spool_->problem().empty()) return har_spool_->problem();
  return lost_ > 0 ? std::to_string(lost_) + " messages came faster than they were read" : "";
}

std::vector<RecordingFile> Capture::finish(Deadline deadline) {
  std::vector<RecordingFile> files;
  const auto duration = std::chrono::duration_cast<Duration>(clock_.now() - started_);
  const auto end_ms = video_ ? video_->end_ms() : 0;
  // The encoder first: it is what may be waited for.
  if (video_) video_->finish(deadline);
  if (har_) {
    har_->finish();
    har_spool_->flush();
    const auto lacks = what_har_lacks();
    // On a full disk the file takes the room of its spool, which an open file would keep.
    har_spool_.reset();
    files.push_back(finish_har(spec_.folder, spec_.origin, lacks));
    files.back().duration = duration;
  }
  if (video_) files.push_back(finish_video(spec_.folder, end_ms, video_->problem()));
  return files;
}

}  // namespace pbaas::recording
