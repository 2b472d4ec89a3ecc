#include "recording/encoder.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <sstream>
#include <vector>

#include "base/exec_words.h"
#include "recording/jpeg_stream.h"

namespace pbaas::recording {
namespace {

// Some frames: more would only make the picture late.
constexpr int kSocketBytes = 512 * 1024;
// ffmpeg maps about 500 MB with its libraries, and uses 60 for 1280x720.
constexpr rlim_t kAddressBytesMax = rlim_t{2} << 30;
constexpr std::size_t kWordsShown = 300;

Error failed(const std::string& what, int error) {
  return {Fault::kInternal, what + ": " + std::strerror(error)};
}

// The page keeps its shape: it is scaled down to fit, and padded.
std::string filter(const session::VideoOptions& video) {
  const auto width = std::to_string(video.width);
  const auto height = std::to_string(video.height);
  return "scale=min(" + width + "\\,iw):min(" + height +
         "\\,ih):force_original_aspect_ratio=decrease:force_divisible_by=2,pad=" + width + ":" +
         height + ":(ow-iw)/2:(oh-ih)/2:color=black,setsar=1,format=yuv420p";
}

// Times are the frames' own, in ms. A key frame each 5 s is where a player can start.
std::vector<std::string> command(const EncoderSpec& spec) {
  constexpr const char* kWords =
      "FFMPEG -hide_banner -nostdin -loglevel error -threads 1 -probesize 32 "
      "-analyzeduration 0 -copyts -f matroska -i pipe:0 -an -filter_threads 1 -vf FILTER "
      "-fps_mode passthrough -enc_time_base 1:1000 -c:v libvpx -deadline realtime -cpu-used 8 "
      "-threads 1 -b:v 1M -crf 10 -qmin 2 -qmax 50 -lag-in-frames 0 -error-resilient 1 "
      "-force_key_frames expr:isnan(prev_forced_t)+gte(t,prev_forced_t+5) -metadata DATE "
      "-flush_packets 1 -cluster_time_limit 1000 -y -f webm PATH";
  const std::map<std::string, std::string> values{{"FFMPEG", spec.ffmpeg},
                                                  {"FILTER", filter(spec.video)},
                                                  {"DATE", "creation_time=" + spec.started_at},
                                                  {"PATH", spec.path}};
  std::vector<std::string> words;
  std::istringstream text(kWords);
  for (std::string word; text >> word;) {
    const auto value = values.find(word);
    words.push_back(value == values.end() ? word : value->second);
  }
  return words;
}

class FileActions {
 public:
  FileActions() { ::posix_spawn_file_actions_init(&actions_); }
  ~FileActions() { ::posix_spawn_file_actions_destroy(&actions_); }
  FileActions(const FileActions&) = delete;
  FileActions& operator=(const FileActions&) = delete;
  void give(int fd, int as) { ::posix_spawn_file_actions_adddup2(&actions_, fd, as); }
  void give_nothing(int as) {
    ::posix_spawn_file_actions_addopen(&actions_, as, "/dev/null", O_WRONLY, 0);
  }
  const posix_spawn_file_actions_t* get() const { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

// In a group of its own, so that a terminal's interrupt does not end it before us.
class Attributes {
 public:
  Attributes() {
    ::posix_spawnattr_init(&attributes_);
    sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&attributes_, &signals);
    sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&attributes_, &signals);
    ::posix_spawnattr_setpgroup(&attributes_, 0);
    ::posix_spawnattr_setflags(
        &attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  const posix_spawnattr_t* get() const { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

// posix_spawn does not copy this process, which has threads: see docs/adr/0002. It has the low
// priority of the thread that starts it, and no lower one, with which it would hardly ever run on a
// busy machine.
Result<pid_t> spawn(std::vector<std::string> words, int input, int output_words) {
  const auto argv = exec_words(words);
  // Nothing of our environment, which may hold secrets.
  std::string path = "PATH=/usr/bin:/bin";
  char* environment[] = {path.data(), nullptr};
  FileActions actions;
  actions.give(input, STDIN_FILENO);
  actions.give_nothing(STDOUT_FILENO);
  actions.give(output_words, STDERR_FILENO);
  const Attributes attributes;
  pid_t pid = -1;
  const int error =
      ::posix_spawnp(&pid, argv[0], actions.get(), attributes.get(), argv.data(), environment);
  if (error != 0) return failed("cannot start ffmpeg", error);
  const rlimit limit{kAddressBytesMax, kAddressBytesMax};
  ::prlimit(pid, RLIMIT_AS, &limit, nullptr);
  return pid;
}

}  // namespace

Result<Encoder> Encoder::start(const EncoderSpec& spec) {
  if (::access(spec.ffmpeg.c_str(), X_OK) != 0) return failed(spec.ffmpeg, errno);
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return failed("cannot make a socket", errno);
  UniqueFd ours(ends[0]);
  const UniqueFd theirs(ends[1]);
  ::setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &kSocketBytes, sizeof kSocketBytes);
  UniqueFd words(::memfd_create("ffmpeg", MFD_CLOEXEC));
  if (!words.valid()) return failed("cannot make a file in memory", errno);
  const auto pid = spawn(command(spec), theirs.get(), words.get());
  if (!pid) return pid.error();
  Encoder encoder(*pid, std::move(ours), std::move(words));
  encoder.unsent_ = jpeg_stream_start();
  encoder.flush();
  return encoder;
}

Encoder::Encoder(Encoder&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      status_(other.status_),
      finished_well_(other.finished_well_),
      has_lost_frames_(other.has_lost_frames_),
      input_(std::move(other.input_)),
      words_(std::move(other.words_)),
      unsent_(std::move(other.unsent_)) {}

Encoder::~Encoder() {
  kill();
}

bool Encoder::write(std::uint64_t at_ms, std::string_view jpeg) {
  flush();
  if (!unsent_.empty() || !input_.valid()) return false;
  unsent_ = jpeg_stream_frame(at_ms, jpeg);
  flush();
  return true;
}

void Encoder::flush() {
  while (!unsent_.empty() && input_.valid()) {
    const auto sent =
        ::send(input_.get(), unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return;
    if (sent < 0) return end_input();
    unsent_.erase(0, static_cast<std::size_t>(sent));
  }
}

void Encoder::end_input() {
  has_lost_frames_ = has_lost_frames_ || !unsent_.empty();
  unsent_.clear();
  input_.reset();
}

bool Encoder::reap(int options) {
  if (pid_ < 0) return true;
  if (::waitpid(pid_, &status_, options) != pid_) return false;
  pid_ = -1;
  return true;
}

std::optional<std::string> Encoder::ended() {
  if (!reap(WNOHANG)) return std::nullopt;
  const auto size = ::lseek(words_.get(), 0, SEEK_END);
  std::string words(kWordsShown, '\0');
  const auto start = std::max<off_t>(0, size - static_cast<off_t>(kWordsShown));
  const auto got = ::pread(words_.get(), words.data(), words.size(), start);
  words.resize(static_cast<std::size_t>(std::max<ssize_t>(0, got)));
  while (words.ends_with('\n')) words.pop_back();
  if (!words.empty()) return words;
  if (WIFSIGNALED(status_)) return "signal " + std::to_string(WTERMSIG(status_));
  return "exit status " + std::to_string(WEXITSTATUS(status_));
}

void Encoder::finish(const Clock& clock, Deadline deadline) {
  const UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  while (input_.valid() && !unsent_.empty() && !deadline.passed(clock)) {
    pollfd writable{input_.get(), POLLOUT, 0};
    ::poll(&writable, 1,
           static_cast<int>(std::min<Duration>(deadline.left(clock), Duration(100)).count()));
    flush();
  }
  end_input();
  pollfd gone{process.get(), POLLIN, 0};
  while (process.valid() && !deadline.passed(clock) &&
         ::poll(&gone, 1, static_cast<int>(deadline.left(clock).count())) < 0 && errno == EINTR) {
  }
  const bool has_ended = reap(WNOHANG);
  kill();
  finished_well_ =
      has_ended && !has_lost_frames_ && WIFEXITED(status_) && WEXITSTATUS(status_) == 0;
}

void Encoder::kill() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  reap(0);
}

}  // namespace pbaas::recording
