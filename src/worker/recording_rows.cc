#include "worker/recording_rows.h"

#include "base/log.h"

namespace pbaas::worker {
namespace {

constexpr Duration kRetry{1'000};
constexpr Duration kIdle{60'000};
constexpr Duration kLook{25};

}  // namespace

RecordingRows::RecordingRows(net::Loop& loop, const Clock& clock, store::UploadQueue& queue,
                             store::RecordingLog& log, Metrics& metrics)
    : loop_(loop),
      clock_(clock),
      queue_(queue),
      log_(log),
      metrics_(metrics),
      news_(std::in_place, loop),
      tasks_(loop) {}

void RecordingRows::start() {
  for (auto& each : queue_.all()) untold_.emplace(Key{each.session, each.name}, each);
  queue_.on_change([this](const store::Recording& recording) { changed(recording); });
  tasks_.spawn("recording_rows", run());
}

void RecordingRows::changed(const store::Recording& recording) {
  if (recording.is_settled()) {
    metrics_.count("pbaas_recordings_total", {{"kind", std::string(to_word(recording.kind))},
                                              {"state", std::string(to_word(recording.state))}});
  }
  untold_.insert_or_assign({recording.session, recording.name}, recording);
  news_->set();
}

net::Task<void> RecordingRows::run() {
  for (;;) {
    if (untold_.empty()) {
      news_.emplace(loop_);
      const auto idle = Deadline::after(clock_, kIdle);
      co_await news_->wait(idle);
      continue;
    }
    const store::Recording next = untold_.begin()->second;
    untold_.erase(untold_.begin());
    is_telling_ = true;
    co_await tell(next);
    is_telling_ = false;
    if (is_silent_) co_await net::sleep_for(kRetry);
  }
}

net::Task<void> RecordingRows::tell(store::Recording recording) {
  const auto noted = co_await log_.note(recording);
  const bool was_silent = std::exchange(is_silent_, !noted);
  if (!noted) {
    // Unless there is a newer state to tell by now.
    untold_.emplace(Key{recording.session, recording.name}, recording);
    if (!was_silent) log::warn("recordings_not_told", {{"why", noted.error().detail}});
    co_return;
  }
  if (was_silent) log::info("recordings_told_again");
  if (*noted) co_return queue_.note_told(recording);
  // One that is being made goes when it is there, so that its recorder finds what it works on.
  if (recording.state == store::RecordingState::kRecording) co_return;
  const auto removed = co_await queue_.remove(recording.session, recording.name);
  if (removed) co_return;
  log::warn("recording_not_removed", {{"session", recording.session.text()},
                                      {"name", recording.name},
                                      {"why", removed.error().detail}});
}

net::Task<void> RecordingRows::told(Deadline deadline) {
  while ((is_telling_ || !untold_.empty()) && !deadline.passed(clock_))
    co_await net::sleep_for(kLook);
}

}  // namespace pbaas::worker
