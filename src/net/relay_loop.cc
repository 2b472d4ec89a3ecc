#include "net/relay_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include "net/thread.h"

namespace pbaas::net {
namespace {

constexpr std::size_t kEventsPerWait = 256;
constexpr auto kEvents = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;

UniqueFd checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return UniqueFd(fd);
}

void set(int fd, int level, int option, int value) {
  // Sockets that are not TCP, as in tests, refuse some; nothing depends on these but quickness.
  ::setsockopt(fd, level, option, &value, sizeof value);
}

void tune_either(int fd) {
  set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  // WebSocket knows no urgent data: the urgent byte is one of the stream, not one to be left out.
  set(fd, SOL_SOCKET, SO_OOBINLINE, 1);
}

void tune_client(int fd) {
  tune_either(fd);
  // A client that vanished is found by TCP alone: probes from 30 s of silence on, and 75 s for
  // whatever it leaves unacknowledged. That is longer than a slow reader gets.
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, 75'000);
}

// A worker's machine that vanished is found in 20 s: its clients are to come to another.
void tune_worker(int fd) {
  set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 5);
  // No TCP_USER_TIMEOUT, which would take the place of the probes' count.
  set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace

struct RelayLoop::Member {
  std::uint64_t id;
  Relay relay;
  bool in_unfinished = false;
  bool in_ended = false;
};

namespace {

// Events that are no relay's. No object has such an address.
constexpr std::uint64_t kWakeTag = 0;
constexpr std::uint64_t kTickTag = 2;

// An event names its relay by address and its side by the lowest bit, which an aligned address
// leaves free.
std::uint64_t event_tag(const void* member, Relay::Side side) {
  return reinterpret_cast<std::uintptr_t>(member) | (side == Relay::Side::kBrowser ? 1 : 0);
}

}  // namespace

RelayLoop::RelayLoop(const std::string& name, const Clock& clock, const RelayLimits& limits)
    : clock_(clock),
      limits_(limits),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")),
      ticker_(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd")),
      buffer_(RelayTurn::kReadBytes + FrameWalker::kHeaderBytesMax),
      now_(clock.now()) {
  watch_own(wake_, kWakeTag);
  watch_own(ticker_, kTickTag);
  thread_ = start_without_signals([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), name.c_str());
}

void RelayLoop::watch_own(const UniqueFd& fd, std::uint64_t tag) {
  epoll_event event{.events = EPOLLIN, .data = {.u64 = tag}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd.get(), &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

RelayLoop::~RelayLoop() {
  stop();
  thread_.join();
}

void RelayLoop::stop() {
  stopping_ = true;
  wake();
}

void RelayLoop::start(RelayStart start) {
  const std::uint64_t id = next_id_.fetch_add(1, std::memory_order_relaxed);
  open_.fetch_add(1, std::memory_order_relaxed);
  start.group->join(*this, id);
  post({.relay = id, .start = std::move(start), .close = {}});
}

void RelayLoop::close(std::uint64_t relay, CloseFrame frame) {
  post({.relay = relay, .start = std::nullopt, .close = std::move(frame)});
}

void RelayLoop::post(Posted posted) {
  bool first = false;
  {
    const std::lock_guard lock(posted_mutex_);
    first = posted_.empty();
    posted_.push_back(std::move(posted));
  }
  if (first) wake();
}

void RelayLoop::wake() {
  // It fails only when the counter is full, and then the loop is awake anyway.
  ::eventfd_write(wake_.get(), 1);
}

void RelayLoop::run() {
  std::array<epoll_event, kEventsPerWait> events;
  while (!finished()) {
    const int wait_ms = unfinished_.empty() ? -1 : 0;
    const int ready = ::epoll_wait(epoll_.get(), events.data(), kEventsPerWait, wait_ms);
    now_ = clock_.now();
    for (int i = 0; i < ready; ++i) dispatch(events[i].data.u64, events[i].events);
    resume_unfinished();
    if (stopping_ && !stop_by_) end_all();
    bury_ended();
  }
  while (!members_.empty()) {
    auto lent = turn();
    members_.begin()->second->relay.give_up(lent);
    remove(members_.begin()->first);
  }
}

void RelayLoop::dispatch(std::uint64_t tag, std::uint32_t events) {
  if (tag == kWakeTag) return handle_posted();
  if (tag == kTickTag) return tick_all();
  auto& member = *reinterpret_cast<Member*>(tag & ~std::uint64_t{1});
  const auto side = (tag & 1) != 0 ? Relay::Side::kBrowser : Relay::Side::kClient;
  auto lent = turn();
  if (!member.relay.ended()) member.relay.ready(side, events, lent);
  note_state(member);
}

bool RelayLoop::finished() const {
  if (!stop_by_) return false;
  return members_.empty() || std::chrono::steady_clock::now() >= *stop_by_;
}

RelayTurn RelayLoop::turn() {
  return {.buffer = buffer_, .now = now_, .limits = limits_, .tally = tally_};
}

void RelayLoop::handle_posted() {
  eventfd_t count = 0;
  ::eventfd_read(wake_.get(), &count);
  std::vector<Posted> posted;
  {
    const std::lock_guard lock(posted_mutex_);
    posted.swap(posted_);
  }
  for (Posted& each : posted) {
    if (each.start) {
      adopt(each.relay, std::move(*each.start));
    } else if (const auto found = members_.find(each.relay); found != members_.end()) {
      auto lent = turn();
      found->second->relay.close(each.close, lent);
      note_state(*found->second);
    }
  }
}

void RelayLoop::adopt(std::uint64_t id, RelayStart start) {
  std::string to_browser = std::move(start.to_browser);
  std::string to_client = std::move(start.to_client);
  tune_client(start.client.get());
  tune_either(start.browser.get());
  if (start.endpoint == RelayEndpoint::kWorker) tune_worker(start.browser.get());
  auto& member =
      *members_.emplace(id, new Member{id, Relay(std::move(start), limits_, now_)}).first->second;
  set_ticking(true);
  auto lent = turn();
  const bool watched = watch(member);
  if (const auto frame = member.relay.group()->closing()) {
    member.relay.close(*frame, lent);
  } else if (!watched) {
    // The client has its 101, so it is told in its own protocol. No event may ever come of it: one
    // look finds it broken, and else the end of the grace ends it.
    member.relay.close({1011, "internal_error"}, lent);
    member.relay.resume(lent);
  } else {
    member.relay.begin(lent, std::move(to_browser), std::move(to_client));
  }
  note_state(member);
}

bool RelayLoop::watch(Member& member) {
  for (const auto side : {Relay::Side::kClient, Relay::Side::kBrowser}) {
    epoll_event event{.events = kEvents, .data = {.u64 = event_tag(&member, side)}};
    const int fd = member.relay.fd(side);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return false;
  }
  return true;
}

void RelayLoop::resume_unfinished() {
  // Those that are cut short again join the next round.
  for (Member* member : std::exchange(unfinished_, {})) {
    member->in_unfinished = false;
    auto lent = turn();
    if (!member->relay.ended()) member->relay.resume(lent);
    note_state(*member);
  }
}

// A timer of its own, because a timeout of epoll_wait would be set and cancelled for every message.
void RelayLoop::set_ticking(bool on) {
  if (std::exchange(ticking_, on) == on) return;
  const auto seconds = std::chrono::floor<std::chrono::seconds>(limits_.tick);
  const std::chrono::nanoseconds rest = limits_.tick - seconds;
  const timespec every{.tv_sec = on ? seconds.count() : 0, .tv_nsec = on ? rest.count() : 0};
  const itimerspec timer{.it_interval = every, .it_value = every};
  ::timerfd_settime(ticker_.get(), 0, &timer, nullptr);
}

void RelayLoop::tick_all() {
  std::uint64_t ticks = 0;
  // Nothing to read means that the timer was set anew since; the look around does no harm then.
  [[maybe_unused]] const ssize_t got = ::read(ticker_.get(), &ticks, sizeof ticks);
  for (const auto& [id, member] : members_) {
    auto lent = turn();
    member->relay.tick(lent);
    note_state(*member);
  }
}

void RelayLoop::end_all() {
  // A relay that was handed over just before the end has its client told too.
  handle_posted();
  stop_by_ = std::chrono::steady_clock::now() + limits_.close_grace;
  set_ticking(true);
  for (const auto& [id, member] : members_) {
    auto lent = turn();
    member->relay.close({1012, "service_restart"}, lent);
    note_state(*member);
  }
}

void RelayLoop::note_state(Member& member) {
  if (member.relay.ended() && !std::exchange(member.in_ended, true)) ended_.push_back(member.id);
  if (member.relay.unfinished() && !std::exchange(member.in_unfinished, true)) {
    unfinished_.push_back(&member);
  }
}

void RelayLoop::bury_ended() {
  if (ended_.empty()) return;
  std::erase_if(unfinished_, [](const Member* member) { return member->relay.ended(); });
  for (const std::uint64_t id : std::exchange(ended_, {})) remove(id);
  if (members_.empty() && !stop_by_) set_ticking(false);
}

void RelayLoop::remove(std::uint64_t id) {
  auto node = members_.extract(id);
  Relay& relay = node.mapped()->relay;
  // A descriptor that a child process still holds stays in the epoll set after its close, so it
  // is taken out by hand.
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, relay.fd(Relay::Side::kClient), nullptr);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, relay.fd(Relay::Side::kBrowser), nullptr);
  tally_.count_end(relay.end_code());
  const std::shared_ptr<RelayGroup> group = relay.group();
  const bool by_close = relay.client_closed();
  node.mapped().reset();
  open_.fetch_sub(1, std::memory_order_relaxed);
  group->leave(*this, id, by_close);
}

}  // namespace pbaas::net
