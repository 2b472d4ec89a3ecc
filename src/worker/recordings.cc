#include "worker/recordings.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>
#include <exception>
#include <filesystem>

#include "base/log.h"
#include "net/event.h"
#include "net/finish_by.h"
#include "recording/finish_files.h"

namespace pbaas::worker {

using recording::RecordingFile;

namespace {

constexpr std::size_t kLeftOverMax = 256;
constexpr Duration kSettledLook{5};

std::string folder_of(const std::string& path) {
  return std::filesystem::path(path).parent_path();
}

bool is_cancellation(const std::exception& problem) {
  const auto* error = dynamic_cast<const boost::system::system_error*>(&problem);
  return error && error->code() == boost::asio::error::operation_aborted;
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
  try {
    const auto recorded = co_await record(*running, std::move(pipe));
    if (recorded) co_return running;
    give_up(*running, recorded.error().detail);
  } catch (const std::exception& problem) {
    if (is_cancellation(problem)) {
      tasks_.spawn("fail", fail(session, running->names, "its session did not come to run"));
      throw;
    }
    // No thread is to be had, say.
    give_up(*running, problem.what());
  }
  co_return nullptr;
}

net::Task<Status> Recordings::record(Running& running, std::shared_ptr<browser::CdpPipe> pipe) {
  Result<std::string> folder = Error{Fault::kInternal, "the disk did not take it in time"};
  const auto begun_by = Deadline::after(clock_, times_.begin);
  auto beginning = begin(running, folder);
  auto race = net::finish_by(std::move(beginning), begun_by);
  co_await std::move(race);
  if (!folder) co_return folder.error();
  if (!pipe) co_return Error{Fault::kInternal, "the browser has no pipe"};
  recording::RecorderSpec spec{running.options, *folder};
  spec.version = version_;
  spec.assembly_time = times_.assembly;
  const auto deadline = Deadline::after(clock_, times_.start);
  auto started =
      co_await recording::Recorder::start(loop_, clock_, pipe, std::move(spec), deadline);
  if (!started) co_return started.error();
  running.recorder = std::move(*started);
  co_return Status();
}

// Gives the session's folder.
net::Task<void> Recordings::begin(Running& running, Result<std::string>& folder) {
  std::string begun;
  for (const auto kind : session::kinds_of(running.options)) {
    const std::string name(file_name(kind));
    const auto path = co_await queue_.begin(running.session, name, kind);
    if (!path) {
      folder = path.error();
      co_return;
    }
    running.names.insert(name);
    begun = folder_of(*path);
  }
  folder = begun;
}

// A create waits for none of this: the disk may be what does not answer.
void Recordings::give_up(const Running& running, const std::string& why) {
  for (const auto kind : session::kinds_of(running.options)) {
    const std::string name(file_name(kind));
    if (running.names.contains(name)) continue;
    log::error("recording_failed",
               {{"session", running.session.text()}, {"name", name}, {"why", why}});
    queue_.refuse(running.session, name, kind, why);
  }
  tasks_.spawn("fail", fail(running.session, running.names, why));
}

net::Task<void> Recordings::fail(SessionId session, std::set<std::string> names, std::string why) {
  for (const auto& each : queue_.of(session)) {
    if (!names.contains(each.name)) continue;
    log::error("recording_failed",
               {{"session", session.text()}, {"name", each.name}, {"why", why}});
    (void)co_await queue_.fail(session, each.name, why);
    left_over_.post([folder = folder_of(queue_.path(each)), kind = each.kind] {
      recording::remove_working_files(folder, kind);
    });
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
    // What it has written is there: where it does not wake, the next start makes files of it.
    ++stuck_;
    files = co_await running->recorder->files_at_last();
    --stuck_;
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
  // It broke off, and what it wrote until then is there.
  for (const auto& each : queue_.of(session)) {
    if (!names.contains(each.name)) continue;
    const store::Recording recording = each;
    co_await finish_interrupted(recording, "the recorder broke off");
  }
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

net::Task<void> Recordings::settled(Deadline deadline) {
  while (tasks_.running() > stuck_ && !deadline.passed(clock_))
    co_await net::sleep_for(kSettledLook);
}

void Recordings::finish_left_over() {
  tasks_.spawn("left_over", finish_interrupted());
}

net::Task<void> Recordings::finish_interrupted() {
  for (const auto& each : queue_.interrupted()) {
    const store::Recording recording = each;
    co_await finish_interrupted(recording, "the service was killed");
  }
}

net::Task<void> Recordings::finish_interrupted(store::Recording recording, std::string why) {
  std::function<Result<RecordingFile>()> work = [folder = folder_of(queue_.path(recording)),
                                                 kind = recording.kind, version = version_,
                                                 why]() -> Result<RecordingFile> {
    return recording::finish_left_over(folder, kind, {version, "", ""}, why);
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
