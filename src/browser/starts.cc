#include "browser/starts.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "browser/packet_ends.h"
#include "browser/process_tree.h"
#include "browser/session_init.h"
#include "browser/stderr_tail.h"

namespace pbaas::browser {
namespace {

constexpr std::size_t kBareFds = 3;
constexpr off_t kReadBytesMax = 4096;
// Other starts wait meanwhile.
constexpr int kTellTriesMax = 20;
constexpr int kTellPause_ms = 5;

std::vector<std::string> variables_of(const StartOrder& order) {
  std::vector<std::string> variables;
  for (const auto& [name, value] : order.environment) variables.push_back(name + "=" + value);
  return variables;
}

bool is_gone(int error) {
  return error == EPIPE || error == ECONNRESET;
}

// Gives 0, or errno. A want of memory, or of descriptors that are under way, passes.
int tell(const UniqueFd& orders, const StartOrder& order, const std::vector<UniqueFd>& fds) {
  const InitOrder told{order.argv, variables_of(order)};
  const InitOrderFds beside{fds[0].get(), fds[1].get(), fds[2].get(), fds[3].get()};
  int error = 0;
  for (int tries = 0; tries < kTellTriesMax; ++tries) {
    if (send_init_order(orders.get(), told, beside)) return 0;
    error = errno;
    if (is_gone(error)) break;
    ::poll(nullptr, 0, kTellPause_ms);
  }
  return error;
}

// The process of a sandbox after its order, which it may not have got: then its end is told of,
// with why, as that of any browser. One that is gone ends by itself.
Begun ordered(Begun begun, int error, const UniqueFd& errors) {
  if (error == 0) return begun;
  ::dprintf(errors.get(), "its init cannot be told: %s\n", std::strerror(error));
  if (!is_gone(error)) kill_group(begun.pid);
  return begun;
}

void log_lost(const std::string& why) {
  log::warn("sandbox_ahead_lost", {{"why", why}});
}

}  // namespace

std::string words_in(const UniqueFd& early_stderr) {
  struct stat facts{};
  if (!early_stderr.valid() || ::fstat(early_stderr.get(), &facts) != 0) return {};
  std::string text(static_cast<std::size_t>(kReadBytesMax), '\0');
  const auto from = std::max<off_t>(facts.st_size - kReadBytesMax, 0);
  const auto got = ::pread(early_stderr.get(), text.data(), text.size(), from);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  const auto is_odd = [](char each) { return each != '\n' && (each < ' ' || each > '~'); };
  std::ranges::replace_if(text, is_odd, '?');
  return last_words(text, kLastWordsBytesMax);
}

Starts::Starts(StartsSpec spec, const Cgroups& cgroups)
    : spec_(std::move(spec)), cgroups_(cgroups) {}

Result<Begun> Starts::start(const StartOrder& order, const std::vector<UniqueFd>& fds) {
  const bool is_bare = order.sandbox.empty();
  if (fds.size() != (is_bare ? kBareFds : kInitOrderFds)) {
    // The kernel drops descriptors where this process has no room for more.
    return Error{Fault::kLaunchFailed, "the launcher process is out of file descriptors"};
  }
  return is_bare ? start_bare(order, fds) : start_in_sandbox(order, fds);
}

Result<Begun> Starts::begin(const std::string& name, SpawnSpec spec) {
  const Cgroup cgroup = cgroups_.make(name);
  if (cgroups_.available() && !cgroup) {
    return Error{Fault::kLaunchFailed, "the kernel does not bound its memory and processes now"};
  }
  spec.user = spec_.user;
  spec.cgroups = cgroup.open_procs();
  const auto pid = spawn(spec);
  if (pid) return Begun{*pid, cgroup};
  cgroup.remove();
  return pid.error();
}

Result<Begun> Starts::start_bare(const StartOrder& order, const std::vector<UniqueFd>& fds) {
  SpawnSpec spec{order.argv, variables_of(order), spec_.folder + "/" + order.folder, {}, {}};
  spec.fds = {{fds[0].get(), 3}, {fds[1].get(), 4}, {fds[2].get(), 2}};
  return begin(order.folder, std::move(spec));
}

Result<Starts::Sandbox> Starts::make_sandbox(const std::string& name,
                                             const std::vector<std::string>& command, int errors) {
  auto ends = make_packet_ends();
  if (!ends) return ends.error();
  SpawnSpec spec{command, {}, spec_.folder, {}, {}};
  spec.fds = {{errors, 2}, {ends->theirs.get(), kInitOrderFd}, {spec_.init.get(), kInitProgramFd}};
  auto begun = begin(name, std::move(spec));
  if (!begun) return begun.error();
  return Sandbox{std::move(*begun), command, std::move(ends->ours)};
}

Result<Begun> Starts::start_in_sandbox(const StartOrder& order, const std::vector<UniqueFd>& fds) {
  const auto& errors = fds[2];
  Cgroup former;  // of a sandbox that was of no use; else the next one's
  if (auto taken = ahead_.extract(order.folder); !taken.empty()) {
    auto& [begun, command, orders] = taken.mapped();
    if (command == order.sandbox) {
      const int error = tell(orders, order, fds);
      if (!is_gone(error)) return ordered(std::move(begun), error, errors);
      log_lost(words_in(begun.early_stderr));
    }
    kill_group(begun.pid);
    former = begun.cgroup;
  }
  auto made = make_sandbox(order.folder, order.sandbox, errors.get());
  if (!made) {
    if (former) remove_when_empty(former);
    return made.error();
  }
  const int error = tell(made->orders, order, fds);
  return ordered(std::move(made->begun), error, errors);
}

void Starts::prepare(const PrepareOrder& order) {
  UniqueFd words(::memfd_create("early_stderr", MFD_CLOEXEC));
  if (!words.valid()) return log_lost(std::string("memfd_create: ") + std::strerror(errno));
  auto made = make_sandbox(order.folder, order.sandbox, words.get());
  if (!made) return log_lost(made.error().detail);
  made->begun.early_stderr = std::move(words);
  // An older one's cgroup is its successor's now.
  if (const auto older = ahead_.extract(order.folder); !older.empty()) {
    kill_group(older.mapped().begun.pid);
  }
  ahead_.emplace(order.folder, std::move(*made));
}

void Starts::end_unused(const Begun& begun) {
  kill_group(begun.pid);
  remove_when_empty(begun.cgroup);
}

void Starts::drop(const std::string& name) {
  if (const auto taken = ahead_.extract(name); !taken.empty()) end_unused(taken.mapped().begun);
}

void Starts::drop_all() {
  for (const auto& [name, sandbox] : std::exchange(ahead_, {})) end_unused(sandbox.begun);
}

bool Starts::is_ahead(pid_t group) const {
  return std::ranges::any_of(ahead_,
                             [group](const auto& each) { return each.second.begun.pid == group; });
}

void Starts::on_dead(pid_t pid, int wait_status) {
  std::erase_if(ahead_, [&](const auto& each) {
    const auto& begun = each.second.begun;
    if (begun.pid != pid) return false;
    const auto words = words_in(begun.early_stderr);
    log_lost(describe(wait_status) + (words.empty() ? "" : ": " + words));
    remove_when_empty(begun.cgroup);
    return true;
  });
}

void Starts::remove_cgroups() {
  std::erase_if(late_cgroups_, [](const Cgroup& each) { return each.remove(); });
}

}  // namespace pbaas::browser
