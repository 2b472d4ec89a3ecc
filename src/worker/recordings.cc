#include "worker/recordings.h"

#include <algorithm>
#include <filesystem>

#include "base/log.h"
#include "recording/finish_files.h"

namespace pbaas::worker {

using recording::RecordingFile;

namespace {

constexpr std::size_t kLeftOverMax = 1;  // One after another.

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path();
}

}  // namespace

class Recordings::Running {
 public:
  Running(SessionId its_session, session::RecordOptions its_options)
      : session(std::move(its_session)), options(its_options) {}

  const SessionId session;
  const session::RecordOptions options;
  std::set<std::string> names;  // that are begun, and neither finished nor failed
  std::unique_ptr<recording::Recorder> recorder;
};

Recordings::Recordings(net::Loop& loop, const Clock& clock, store::UploadQueue& queue,
                       std::string version, RecordingTimes times)
    : loop_(loop),
      clock_(clock),
      queue_(queue),
      version_(std::move(version)),
      times_(times),
      tasks_(loop),
      left_over_(loop, "left-over", kLeftOverMax) {}

net::Task<std::shared_ptr<Recordings::Running>> Recordings::start(
    SessionId session, session::RecordOptions options, std::shared_ptr<browser::CdpPipe> pipe) {
  const auto running = std::make_shared<Running>(session, options);
  const auto folder = co_await begin(*running);
  Error why{Fault::kInternal, "the browser has no pipe"};
  if (!folder) why = folder.error();
  if (folder && pipe) {
    recording::RecorderSpec spec{options, *folder};
    spec.version = version_;
    const auto deadline = Deadline::after(clock_, times_.start);
    auto started =
        co_await recording::Recorder::start(loop_, clock_, pipe, std::move(spec), deadline);
    if (started) {
      running->recorder = std::move(*started);
      co_return running;
    }
    why = started.error();
  }
  co_await fail(session, running->names, why.detail);
  co_return nullptr;
}

// Gives the session's folder.
net::Task<Result<std::string>> Recordings::begin(Running& running) {
  std::string folder;
  for (const auto kind : session::kinds_of(running.options)) {
    const std::string name(file_name(kind));
    const auto path = co_await queue_.begin(running.session, name, kind);
    if (!path) co_return path.error();
    running.names.insert(name);
    folder = folder_of(*path);
  }
  co_return folder;
}

net::Task<void> Recordings::fail(SessionId session, std::set<std::string> names, std::string why) {
  for (const auto& name : names) {
    log::error("recording_failed", {{"session", session.text()}, {"name", name}, {"why", why}});
    (void)co_await queue_.fail(session, name, why);
  }
}

net::Task<void> Recordings::finish(std::shared_ptr<Running> running) {
  const auto deadline = Deadline::after(clock_, times_.last_words);
  co_await running->recorder->hear_out(deadline);
  tasks_.spawn("make_files", make_files(running));
}

net::Task<void> Recordings::make_files(std::shared_ptr<Running> running) {
  const auto deadline = Deadline::after(clock_, times_.encoders);
  auto files = co_await running->recorder->stop(deadline);
  if (!running->recorder->has_ended()) {
    // What it has written is there: the next start makes files of it.
    ++stuck_;
    co_return;
  }
  running->recorder.reset();
  co_await hand_over(running->session, std::move(files), running->names);
}

net::Task<void> Recordings::hand_over(SessionId session, std::vector<RecordingFile> files,
                                      std::set<std::string> names) {
  for (const auto& file : files) {
    names.erase(std::string(file_name(file.kind)));
    co_await hand_over(session, file);
  }
  co_await fail(session, std::move(names), "the recorder broke off");
}

net::Task<void> Recordings::hand_over(SessionId session, RecordingFile file) {
  const std::string name(file_name(file.kind));
  if (file.state == recording::RecordingState::kFailed) {
    std::set<std::string> names{name};
    co_await fail(session, std::move(names), file.why);
    co_return;
  }
  store::FinishedRecording finished{file.duration};
  finished.truncated = file.state == recording::RecordingState::kTruncated;
  finished.why = file.why;
  const auto handed = co_await queue_.finish(session, name, finished);
  if (handed) co_return;
  log::error("recording_failed",
             {{"session", session.text()}, {"name", name}, {"why", handed.error().detail}});
}

void Recordings::finish_left_over() {
  tasks_.spawn("left_over", finish_interrupted());
}

net::Task<void> Recordings::finish_interrupted() {
  for (const auto& each : queue_.interrupted()) {
    const store::Recording recording = each;
    co_await finish_interrupted(recording);
  }
}

net::Task<void> Recordings::finish_interrupted(store::Recording recording) {
  std::function<Result<RecordingFile>()> work = [folder = folder_of(queue_.path(recording)),
                                                 kind = recording.kind,
                                                 version = version_]() -> Result<RecordingFile> {
    return recording::finish_left_over(folder, kind, {version, "", ""});
  };
  auto file = co_await left_over_.run<RecordingFile>(std::move(work));
  // Where the thread takes no more, the next start does it.
  if (!file) co_return;
  log::warn("recording_left_over", {{"session", recording.session.text()},
                                    {"name", recording.name},
                                    {"state", to_word(file->state)}});
  co_await hand_over(recording.session, std::move(*file));
}

}  // namespace pbaas::worker
