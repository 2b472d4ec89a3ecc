#include "browser/running_browser.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "browser/packet_ends.h"
#include "browser/process_tree.h"
#include "egress/egress_pool.h"

namespace pbaas::browser {
namespace {

struct PipeEnds {
  UniqueFd reading;
  UniqueFd writing;
};

Result<PipeEnds> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error{Fault::kLaunchFailed, std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  return PipeEnds{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

std::string with_words(std::string what, const std::string& words) {
  return words.empty() ? what : what + ": " + words;
}

egress::EgressSpec owner_of(const LaunchSpec& launch) {
  return {launch.session ? launch.session->text() : std::string(), launch.options.proxy};
}

}  // namespace

RunningBrowser::RunningBrowser(net::Loop& loop, const Clock& clock,
                               std::shared_ptr<LauncherLine> line, const LaunchSpec& launch)
    : loop_(loop),
      clock_(clock),
      line_(std::move(line)),
      owner_(owner_of(launch)),
      news_(loop),
      gone_(loop) {}

RunningBrowser::~RunningBrowser() {
  if (id_) line_->leave(*id_);
  if (pipe_) pipe_->close();
  if (init_) init_->close();
}

void RunningBrowser::in_sandbox(std::vector<std::string> command,
                                LauncherConfig::OpenEgress open_egress) {
  sandbox_ = std::move(command);
  open_egress_ = std::move(open_egress);
}

Status RunningBrowser::order(const CommandLine& command, const std::string& folder_name) {
  auto commands = make_pipe();
  auto answers = make_pipe();
  auto words = make_pipe();
  for (const auto* each : {&commands, &answers, &words}) {
    if (!*each) return each->error();
  }
  StartOrder start{0, folder_name, sandbox_, command.argv, command.environment};
  std::vector<UniqueFd> fds;
  for (auto* each : {&commands->reading, &answers->writing, &words->writing}) {
    fds.push_back(std::move(*each));
  }
  if (!sandbox_.empty()) {
    auto ends = make_packet_ends();
    if (!ends) return ends.error();
    fds.push_back(std::move(ends->theirs));
    init_ = std::make_shared<InitLine>(loop_, std::move(ends->ours),
                                       [this](InitNews news) { on_init_news(std::move(news)); });
    init_->listen();
  }
  auto id = line_->start(std::move(start), std::move(fds), *this);
  if (!id) return id.error();
  id_ = *id;
  pipe_ =
      std::make_shared<CdpPipe>(loop_, std::move(answers->reading), std::move(commands->writing));
  stderr_ = std::make_unique<StderrTail>(loop_, std::move(words->reading),
                                         [this](session::BrowserAddress address) {
                                           address_ = std::move(address);
                                           news_.set();
                                         });
  return {};
}

net::Task<Status> RunningBrowser::ready(Deadline deadline) {
  const bool told = co_await news_.wait(deadline);
  if (exit_) {
    co_return Error{Fault::kLaunchFailed, "Chromium did not start: " + exit_->detail};
  }
  if (told) co_return Status();
  const std::string words = stderr_->finish();
  co_return Error{Fault::kLaunchFailed,
                  with_words("Chromium did not say in time where it listens", words)};
}

net::Task<void> RunningBrowser::leave(Deadline deadline) {
  kill();
  co_await gone_.wait(deadline);
}

void RunningBrowser::watch_health(HealthSpec spec) {
  health_ = std::make_unique<HealthWatch>(loop_, clock_, pipe_, spec, [this] {
    log::warn("browser_hung", {{"pid", pid_}, {"session", owner_.session}});
    is_hung_ = true;
    if (id_) line_->kill(*id_);
  });
}

void RunningBrowser::on_exit(std::function<void(BrowserExit)> callback) {
  callback_ = std::move(callback);
  if (exit_ && callback_) std::exchange(callback_, nullptr)(*exit_);
}

void RunningBrowser::kill() {
  is_killed_ = true;
  if (id_) line_->kill(*id_);
}

net::Task<bool> RunningBrowser::answers(Deadline deadline) {
  const boost::json::object nothing;
  const auto answer = co_await pipe_->call("Browser.getVersion", nothing, deadline);
  co_return answer && !exit_;
}

void RunningBrowser::assign(const LaunchSpec& spec) {
  before_ = use();
  owner_ = owner_of(spec);
  if (egress_) egress_->assign(owner_);
}

net::Dialer RunningBrowser::dialer() const {
  if (!init_) return {};
  return [line = init_, port = address_.debug_port] { return line->dial(port); };
}

session::ResourceUse RunningBrowser::use() {
  if (exit_) return use_;
  if (egress_) {
    const auto counts = egress_->counts();
    use_.egress_bytes_up = counts.bytes_up - before_.egress_bytes_up.value_or(0);
    use_.egress_bytes_down = counts.bytes_down - before_.egress_bytes_down.value_or(0);
  }
  counted_.raise(cgroup_.use());
  if (counted_.cpu_ms) use_.cpu = Duration(*counted_.cpu_ms) - before_.cpu.value_or(Duration{0});
  if (counted_.peak_memory_kb)
    use_.peak_memory_bytes = static_cast<std::uint64_t>(*counted_.peak_memory_kb) * 1024;
  return use_;
}

// In a sandbox it is bwrap that was started, and the browser is known when it says so itself.
void RunningBrowser::on_started(pid_t pid) {
  if (pid_ == 0) pid_ = pid;
}

void RunningBrowser::on_init_news(InitNews news) {
  switch (news.says) {
    case InitSays::kBrowser:
      pid_ = news.sender;
      break;
    case InitSays::kEgress:
      open_egress(std::move(news.fd));
      break;
    case InitSays::kNoNetwork:
      log::warn("no_network_in_sandbox", {{"why", std::strerror(news.value)}});
      break;
    case InitSays::kEnded:
      init_wait_status_ = news.value;
      break;
    case InitSays::kDiskFull:
      limit_ =
          "its profile took all of the " + std::to_string(news.value) + " MiB of SESSION_DISK_MAX";
      break;
    case InitSays::kSocket:
      break;
  }
}

// The kernel drops a descriptor where this process has no room for more.
void RunningBrowser::open_egress(UniqueFd listener) {
  if (listener.valid()) {
    if (open_egress_) egress_ = open_egress_(owner_, std::move(listener));
    return;
  }
  why_killed_ = "its way out was lost: the service is out of file descriptors";
  log::error("egress_lost", {{"pid", pid_}, {"session", owner_.session}});
  if (id_) line_->kill(*id_);
}

void RunningBrowser::on_start_failed(const std::string& detail) {
  end({ExitCause::kCrashed, detail});
}

void RunningBrowser::on_gone(const Gone& gone) {
  if (init_) init_->finish();
  const int wait_status = init_wait_status_.value_or(gone.wait_status);
  const std::string& limit = gone.limit.empty() ? limit_ : gone.limit;
  counted_.raise(gone.use);
  BrowserExit exit{ExitCause::kOutOfMemory, limit, Duration(gone.cpu_ms), gone.peak_rss_kb};
  if (limit.empty()) {
    exit.cause = cause_of(wait_status);
    const std::string how = why_killed_.empty() ? describe(wait_status) : why_killed_;
    const std::string words = stderr_ ? stderr_->finish() : "";
    const bool is_sandbox_to_blame = words.empty() && address_.guid.empty();
    exit.detail = with_words(how, is_sandbox_to_blame ? gone.early_words : words);
  }
  end(std::move(exit));
}

void RunningBrowser::on_line_lost() {
  end({ExitCause::kCrashed, "the launcher process died"});
}

ExitCause RunningBrowser::cause_of(int wait_status) const {
  if (is_hung_) return ExitCause::kHung;
  const bool clean = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == 0;
  return clean || is_killed_ ? ExitCause::kClosed : ExitCause::kCrashed;
}

void RunningBrowser::end(BrowserExit exit) {
  use();  // For the last time: what counts it is going.
  id_.reset();
  health_.reset();
  if (pipe_) pipe_->close();
  if (init_) init_->close();
  egress_.reset();
  exit_ = std::move(exit);
  news_.set();
  gone_.set();
  // Last: it may destroy this browser.
  if (callback_) std::exchange(callback_, nullptr)(*exit_);
}

}  // namespace pbaas::browser
