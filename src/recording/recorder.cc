#include "recording/recorder.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/json/serialize.hpp>
#include <exception>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

#include "base/log.h"
#include "net/event.h"
#include "recording/capture.h"
#include "recording/cdp_message.h"
#include "recording/har_values.h"
#include "recording/inbox.h"

namespace pbaas::recording {

namespace asio = boost::asio;

namespace {

// What has no answer waits so long to be read: a thread that woke for each of the half dozen events
// of a request would take twice the processor. A kill of this process loses as much of the HAR.
constexpr Duration kTick{100};
// What is under way at the end, such as bodies, may still come so long.
constexpr Duration kLastWords{1'000};
// For an encoder to end in where nobody has said when.
constexpr Duration kEndTime{30'000};
constexpr int kNice = 10;
// Neither a call nor a command of a tap has it, so that nobody waits for its answer.
constexpr std::int64_t kDetachId = 0;

}  // namespace

// What is touched on the loop alone.
struct Recorder::LoopSide {
  LoopSide(net::Loop& its_loop, Pipe its_pipe)
      : loop(its_loop),
        pipe(std::move(its_pipe)),
        ready(loop),
        heard(loop),
        done(loop),
        ended(loop) {}

  net::Loop& loop;
  const Pipe pipe;
  bool is_tapping = true;
  net::Event ready;  // what the browser does is recorded from now on
  net::Event heard;  // it listens no more
  net::Event done;   // the files are there
  net::Event ended;  // the thread leaves
  std::vector<RecordingFile> files;
};

struct Recorder::Job {
  using Work = std::function<void(LoopSide&)>;

  Job(const Clock& its_clock, RecorderSpec its_spec, std::shared_ptr<LoopSide> its_side)
      : clock(its_clock), spec(std::move(its_spec)), side(std::move(its_side)) {}

  // On the thread: has the loop do it, unless the recorder is gone.
  void post(Work work) {
    const std::lock_guard lock(mutex);
    if (side) asio::post(side->loop, [to = side, work = std::move(work)] { work(*to); });
  }

  const Clock& clock;
  const RecorderSpec spec;
  std::string browser_session;
  HarOrigin origin;
  Inbox inbox;
  std::atomic<bool> is_given_up{false};
  std::atomic<std::int64_t> stop_by_ms{0};  // on the clock; 0: not asked to

  // The recorder may go, and the loop after it, while the thread is held up.
  std::mutex mutex;
  std::shared_ptr<LoopSide> side;
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
  const auto side = std::make_shared<LoopSide>(loop, pipe);
  const auto job = std::make_shared<Job>(clock, std::move(spec), side);
  const boost::json::object nothing;
  const auto version = co_await pipe->call("Browser.getVersion", nothing, deadline);
  if (!version) co_return version.error();
  job->origin = origin_of(*version, job->spec.version);
  const auto attached = co_await pipe->call("Target.attachToBrowserTarget", nothing, deadline);
  if (!attached) co_return attached.error();
  job->browser_session = text_of(*attached, "sessionId");
  std::unique_ptr<Recorder> recorder(new Recorder(job, side));
  const bool is_ready = co_await side->ready.wait(deadline);
  if (is_ready) co_return recorder;
  const auto soon = Deadline::after(clock, kLastWords);
  co_await recorder->give_up(soon);
  co_return Error{Fault::kBrowserUnreachable, "the browser did not let itself be recorded"};
}

Recorder::Recorder(std::shared_ptr<Job> job, std::shared_ptr<LoopSide> side)
    : job_(std::move(job)), side_(std::move(side)) {
  // Where there is no thread to be had the pipe is as it was.
  thread_ = std::thread([job = job_] { run(job); });
  const bool asks_for_bodies = session::asks_for_bodies(job_->spec.options);
  side_->pipe->tap([job = job_, asks_for_bodies](browser::PipeMessage message) {
    if (message.text.empty()) {
      job->inbox.close();
    } else {
      const bool is_urgent = may_be_answered(message.text, asks_for_bodies);
      job->inbox.put(std::move(message), is_urgent ? Urgency::kNow : Urgency::kAlong);
    }
  });
}

Recorder::~Recorder() {
  cut_off();
  {
    const std::lock_guard lock(job_->mutex);
    job_->side.reset();
  }
  if (has_ended()) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

// Its CDP sessions go with the browser's. What they have on its way is still taken, and cut where
// it is long: a page decides how long an event is, and without a tap the pipe ends at a long one.
void Recorder::leave(const Job& job, LoopSide& side) {
  if (!std::exchange(side.is_tapping, false)) return;
  const boost::json::object detach{{"id", kDetachId},
                                   {"method", "Target.detachFromTarget"},
                                   {"params", {{"sessionId", job.browser_session}}}};
  (void)side.pipe->send(boost::json::serialize(detach));
  side.pipe->tap([](const browser::PipeMessage&) {});
}

bool Recorder::has_ended() const {
  return side_->ended.is_set();
}

void Recorder::cut_off() {
  leave(*job_, *side_);
  job_->is_given_up = true;
  job_->inbox.close();
}

net::Task<void> Recorder::give_up(Deadline deadline) {
  cut_off();
  co_await side_->ended.wait(deadline);
}

net::Task<void> Recorder::hear_out(Deadline deadline) {
  const auto side = side_;
  // What the browser told before it answers has been read when the answer is.
  const boost::json::object nothing;
  (void)co_await side->pipe->call("Browser.getVersion", nothing, deadline);
  job_->inbox.ask_to_stop();
  co_await side->heard.wait(deadline);
}

net::Task<std::vector<RecordingFile>> Recorder::stop(Deadline deadline) {
  const auto job = job_;
  const auto side = side_;
  job->stop_by_ms = deadline.when().time_since_epoch().count();
  job->inbox.ask_to_stop();
  const auto at_last = Deadline::at(deadline.when() + job->spec.assembly_time);
  const bool is_done = co_await side->done.wait(at_last);
  leave(*job, *side);
  if (!is_done) log::error("recording_stuck", {{"folder", job->spec.folder}});
  // It is on its last instructions.
  if (is_done) co_await side->ended.wait(at_last);
  co_return side->files;
}

net::Task<std::vector<RecordingFile>> Recorder::files_at_last() {
  const auto job = job_;
  const auto side = side_;
  while (!side->ended.is_set()) {
    const auto look = Deadline::after(job->clock, job->spec.assembly_time);
    co_await side->ended.wait(look);
  }
  co_return side->files;
}

void Recorder::run(const std::shared_ptr<Job>& job) {
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kNice);
  try {
    record(job);
  } catch (const std::exception& problem) {
    log::error("recording_broke_off", {{"folder", job->spec.folder}, {"what", problem.what()}});
  }
  job->post([](LoopSide& side) {
    side.heard.set();
    side.done.set();
    side.ended.set();
  });
}

void Recorder::record(const std::shared_ptr<Job>& job) {
  const auto send = [job](std::string message) {
    job->post([text = std::move(message)](LoopSide& side) { side.pipe->send(text); });
  };
  const auto on_ready = [job] { job->post([](LoopSide& side) { side.ready.set(); }); };
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
  job->post([](LoopSide& side) { side.heard.set(); });
  const auto asked = Instant(Duration(job->stop_by_ms.load()));
  const auto by = asked > Instant{} ? Deadline::at(asked) : Deadline::after(job->clock, kEndTime);
  auto files = capture.finish(by);
  job->post([files = std::move(files)](LoopSide& side) { side.files = files; });
}

}  // namespace pbaas::recording
