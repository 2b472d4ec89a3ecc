#include "recording/recorder.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <filesystem>
#include <optional>
#include <thread>

#include "base/log.h"
#include "net/event.h"
#include "recording/capture.h"
#include "recording/har_values.h"
#include "recording/inbox.h"

namespace pbaas::recording {

namespace asio = boost::asio;

namespace {

constexpr Duration kTick{100};
// What is under way at the end, such as bodies, may still come so long.
constexpr Duration kLastWords{1'000};
// The files are made after that: reading and writing half a gigabyte at low priority.
constexpr Duration kAssemblyTime{60'000};
constexpr int kNice = 10;

}  // namespace

struct Recorder::Job {
  Job(net::Loop& its_loop, const Clock& its_clock, Pipe its_pipe, RecorderSpec its_spec)
      : loop(its_loop),
        clock(its_clock),
        pipe(std::move(its_pipe)),
        spec(std::move(its_spec)),
        ready(loop),
        done(loop) {}

  net::Loop& loop;
  const Clock& clock;
  const Pipe pipe;
  const RecorderSpec spec;
  std::string browser_session;
  HarOrigin origin;
  std::thread thread;
  Inbox inbox;
  std::atomic<bool> is_given_up{false};
  std::atomic<std::int64_t> stop_by_ms{0};  // on the clock; 0: not asked to

  // Of the loop.
  net::Event ready;
  net::Event done;
  std::vector<RecordingFile> files;
};

namespace {

Status make_folder(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error{Fault::kInternal, "cannot make " + folder + ": " + error.message()};
  return {};
}

HarOrigin origin_of(const boost::json::object& version, const std::string& ours) {
  const auto product = text_of(version, "product");
  const auto slash = product.find('/');
  HarOrigin origin{ours.empty() ? "0" : ours, product.substr(0, slash), ""};
  if (slash != std::string::npos) origin.browser_version = product.substr(slash + 1);
  return origin;
}

}  // namespace

net::Task<Result<std::unique_ptr<Recorder>>> Recorder::start(net::Loop& loop, const Clock& clock,
                                                             Pipe pipe, RecorderSpec spec,
                                                             Deadline deadline) {
  if (const auto folder = make_folder(spec.folder); !folder) co_return folder.error();
  const auto job = std::make_shared<Job>(loop, clock, pipe, std::move(spec));
  const boost::json::object nothing;
  const auto version = co_await pipe->call("Browser.getVersion", nothing, deadline);
  if (!version) co_return version.error();
  job->origin = origin_of(*version, job->spec.version);
  const auto attached = co_await pipe->call("Target.attachToBrowserTarget", nothing, deadline);
  if (!attached) co_return attached.error();
  job->browser_session = text_of(*attached, "sessionId");
  std::unique_ptr<Recorder> recorder(new Recorder(job));
  pipe->tap([job](browser::PipeMessage message) {
    if (message.text.empty()) {
      job->inbox.close();
    } else {
      job->inbox.put(std::move(message));
    }
  });
  job->thread = std::thread([job] { run(job); });
  const bool is_ready = co_await job->ready.wait(deadline);
  if (!is_ready) {
    co_return Error{Fault::kBrowserUnreachable, "the browser did not let itself be recorded"};
  }
  co_return recorder;
}

Recorder::~Recorder() {
  job_->pipe->tap(nullptr);
  job_->is_given_up = true;
  job_->inbox.close();
  if (job_->thread.joinable()) job_->thread.join();
}

net::Task<std::vector<RecordingFile>> Recorder::stop(Deadline deadline) {
  const auto job = job_;
  job->stop_by_ms = deadline.when().time_since_epoch().count();
  job->inbox.ask_to_stop();
  const auto at_last = Deadline::at(deadline.when() + kAssemblyTime);
  const bool is_done = co_await job->done.wait(at_last);
  if (!is_done) log::error("recording_stuck", {{"folder", job->spec.folder}});
  job->pipe->tap(nullptr);
  co_return job->files;
}

void Recorder::run(const std::shared_ptr<Job>& job) {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  const auto send = [job](std::string message) {
    asio::post(job->loop, [job, text = std::move(message)] { job->pipe->send(text); });
  };
  const auto on_ready = [job] { asio::post(job->loop, [job] { job->ready.set(); }); };
  const auto& spec = job->spec;
  Capture capture({spec.options, spec.folder, spec.ffmpeg, job->browser_session, job->origin},
                  job->clock, send, on_ready);
  capture.start();
  std::optional<Instant> last_words_by;
  for (;;) {
    const auto now = job->clock.now();
    const auto wait = std::max(capture.next_due(now + kTick) - now, Duration(1));
    const auto taken = job->inbox.take(wait);
    if (job->is_given_up) return;
    for (const auto& message : taken.messages) capture.take(message);
    if (taken.lost > 0) capture.lost(taken.lost);
    capture.tick();
    if (taken.is_closed) break;
    if (!taken.is_asked_to_stop) continue;
    if (!last_words_by) last_words_by = now + kLastWords;
    if (capture.is_idle() || now >= *last_words_by) break;
  }
  const auto asked = Instant(Duration(job->stop_by_ms.load()));
  const auto by =
      asked > Instant{} ? Deadline::at(asked) : Deadline::after(job->clock, Duration(10'000));
  auto files = capture.finish(by);
  asio::post(job->loop, [job, files = std::move(files)]() mutable {
    job->files = std::move(files);
    job->done.set();
  });
}

}  // namespace pbaas::recording
