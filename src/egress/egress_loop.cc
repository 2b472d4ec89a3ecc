#include "egress/egress_loop.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <span>
#include <system_error>
#include <utility>

#include "net/thread.h"

namespace pbaas::egress {
namespace {

constexpr std::size_t kEventsPerWait = 256;
constexpr auto kSocketEvents = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP | EPOLLET;
// Accepted in one go; what is left waits for the next tick.
constexpr int kAcceptsPerTurn = 64;

// Events that are nobody's connection. No object has such an address.
constexpr std::uint64_t kWakeTag = 0;
constexpr std::uint64_t kTickTag = 4;
// An event names its owner by address, and says in the lowest bits, which an aligned address leaves
// free, what it is of.
constexpr std::uint64_t kClientMark = 0;
constexpr std::uint64_t kUpstreamMark = 1;
constexpr std::uint64_t kListenerMark = 2;
constexpr std::uint64_t kMarks = 3;

UniqueFd checked(int fd, const char* what) {
  if (fd < 0) throw std::system_error(errno, std::generic_category(), what);
  return UniqueFd(fd);
}

std::uint64_t tag_of(const void* owner, std::uint64_t mark) {
  return reinterpret_cast<std::uintptr_t>(owner) | mark;
}

}  // namespace

// A session's listening socket, and what its connections share.
struct EgressLoop::Listener {
  Listener(std::uint64_t number, UniqueFd socket, EgressSession of)
      : id(number), fd(std::move(socket)), session(std::move(of)) {}

  const std::uint64_t id;
  UniqueFd fd;
  EgressSession session;
  std::size_t open = 0;
  std::size_t lookups = 0;
  bool ended = false;
  bool waiting = false;  // there may be more to accept
};

struct EgressLoop::Member final : Connection {
  Member(std::uint64_t number, UniqueFd client, Listener& of, const EgressShared& shared,
         Instant now)
      : Connection(std::move(client), of.session, shared.policy, shared.limits, now),
        id(number),
        listener(of) {}

  const std::uint64_t id;
  Listener& listener;
  bool in_unfinished = false;
  bool in_ended = false;
};

EgressLoop::EgressLoop(const std::string& name, EgressShared& shared)
    : shared_(shared),
      epoll_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      ticker_(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd")),
      mailbox_(std::make_shared<Mailbox>()),
      buffer_(Connection::kReadBytes),
      now_(shared.clock.now()) {
  if (!add(mailbox_->wake_fd(), EPOLLIN, kWakeTag) || !add(ticker_.get(), EPOLLIN, kTickTag))
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  thread_ = net::start_without_signals([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), name.c_str());
}

EgressLoop::~EgressLoop() {
  stopping_ = true;
  mailbox_->wake();
  thread_.join();
}

bool EgressLoop::add(int fd, std::uint32_t events, std::uint64_t tag) {
  epoll_event event{.events = events, .data = {.u64 = tag}};
  return ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0;
}

bool EgressLoop::watch(Connection& connection, int fd, End end) {
  return add(
      fd, kSocketEvents,
      tag_of(static_cast<Member*>(&connection), end == End::kClient ? kClientMark : kUpstreamMark));
}

void EgressLoop::unwatch(int fd) {
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

void EgressLoop::resolve(Connection& connection, std::uint64_t query, const std::string& host) {
  const auto& member = static_cast<Member&>(connection);
  auto answer = [mailbox = mailbox_, session = member.listener.id, id = member.id,
                 query](Resolved resolved) {
    mailbox->post(ResolvedPost{session, id, query, std::move(resolved)});
  };
  // Counted until it is answered, whoever still waits: one session must not take them all.
  if (++member.listener.lookups > shared_.limits.lookups_max)
    return answer({.status = ResolveStatus::kBusy});
  shared_.resolver.resolve(host, std::move(answer));
}

void EgressLoop::run() {
  std::array<epoll_event, kEventsPerWait> events;
  while (!stopping_) {
    const int wait_ms = unfinished_.empty() ? -1 : 0;
    const int ready = ::epoll_wait(epoll_.get(), events.data(), kEventsPerWait, wait_ms);
    now_ = shared_.clock.now();
    ++round_;
    const std::span got(events.data(), static_cast<std::size_t>(std::max(ready, 0)));
    // First what was posted: a session that is given a proxy and then a connection has the proxy.
    for (const auto& event : got) {
      if (event.data.u64 == kWakeTag) handle_posts();
    }
    for (const auto& event : got) dispatch(event.data.u64, event.events);
    resume_unfinished();
    bury();
  }
  end_everything();
}

void EgressLoop::dispatch(std::uint64_t tag, std::uint32_t events) {
  if (tag == kWakeTag) return;
  if (tag == kTickTag) return tick_all();
  const std::uint64_t mark = tag & kMarks;
  if (mark == kListenerMark) return accept_all(*reinterpret_cast<Listener*>(tag & ~kMarks));
  auto& member = *reinterpret_cast<Member*>(tag & ~kMarks);
  auto lent = turn();
  if (!member.ended())
    member.ready(mark == kClientMark ? End::kClient : End::kUpstream, events, lent);
  note_state(member);
}

EgressTurn EgressLoop::turn() {
  return {.buffer = buffer_, .now = now_, .round = round_, .home = *this};
}

void EgressLoop::handle_posts() {
  for (auto& post : mailbox_->take()) {
    std::visit([this](auto& each) { handle(each); }, post);
  }
}

void EgressLoop::handle(ServePost& post) {
  auto made = std::make_unique<Listener>(
      post.session, std::move(post.listener),
      EgressSession(std::move(post.spec), std::move(post.meter), shared_.meter));
  Listener& listener = *listeners_.emplace(post.session, std::move(made)).first->second;
  set_ticking(true);
  // Whoever connected before is an event too, and comes after what else was posted.
  listener.waiting = !add(listener.fd.get(), EPOLLIN | EPOLLET, tag_of(&listener, kListenerMark));
}

void EgressLoop::handle(AssignPost& post) {
  const auto found = listeners_.find(post.session);
  if (found == listeners_.end()) return;
  // What a spare had open, a tunnel say, does not go by the session's proxy.
  abort_all(*found->second);
  found->second->session.assign(std::move(post.spec));
}

void EgressLoop::handle(EndPost& post) {
  const auto found = listeners_.find(post.session);
  if (found == listeners_.end() || std::exchange(found->second->ended, true)) return;
  ended_listeners_.push_back(post.session);
  abort_all(*found->second);
}

void EgressLoop::abort_all(const Listener& listener) {
  for (const auto& [id, member] : members_) {
    if (&member->listener != &listener) continue;
    auto lent = turn();
    member->abort(lent);
    note_state(*member);
  }
}

void EgressLoop::handle(ResolvedPost& post) {
  const auto of = listeners_.find(post.session);
  if (of != listeners_.end()) --of->second->lookups;
  const auto found = members_.find(post.connection);
  if (found == members_.end()) return;
  auto lent = turn();
  found->second->resolved(post.query, post.resolved, lent);
  note_state(*found->second);
}

void EgressLoop::accept_all(Listener& listener) {
  if (listener.ended) return;
  for (int i = 0; i < kAcceptsPerTurn; ++i) {
    UniqueFd client(::accept4(listener.fd.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.valid()) {
      adopt(listener, std::move(client));
      continue;
    }
    // Out of descriptors, say: what waits is tried again with every tick.
    listener.waiting = errno != EAGAIN;
    return;
  }
  listener.waiting = true;
}

void EgressLoop::adopt(Listener& listener, UniqueFd client) {
  if (listener.open >= shared_.limits.connections_max) {
    const Failure failure{FailureKind::kTooManyConnections};
    const auto text = failure_response(failure, "");
    ::send(client.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return listener.session.note_refusal(failure, {}, now_);
  }
  const int on = 1;
  ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(client.get(), SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
  const std::uint64_t id = next_member_++;
  auto made = std::make_unique<Member>(id, std::move(client), listener, shared_, now_);
  Member& member = *members_.emplace(id, std::move(made)).first->second;
  ++listener.open;
  shared_.open.fetch_add(1, std::memory_order_relaxed);
  auto lent = turn();
  if (watch(member, member.client_fd(), End::kClient))
    member.begin(lent);
  else
    member.abort(lent);
  note_state(member);
}

// A timer of its own, because a timeout of epoll_wait would be set and cancelled for every event.
void EgressLoop::set_ticking(bool on) {
  if (std::exchange(ticking_, on) == on) return;
  const std::chrono::nanoseconds tick = on ? shared_.limits.tick : Duration(0);
  const auto seconds = std::chrono::floor<std::chrono::seconds>(tick);
  const timespec every{.tv_sec = seconds.count(), .tv_nsec = (tick - seconds).count()};
  const itimerspec timer{.it_interval = every, .it_value = every};
  ::timerfd_settime(ticker_.get(), 0, &timer, nullptr);
}

void EgressLoop::tick_all() {
  std::uint64_t ticks = 0;
  [[maybe_unused]] const ssize_t got = ::read(ticker_.get(), &ticks, sizeof ticks);
  for (const auto& [id, listener] : listeners_) {
    if (listener->waiting) accept_all(*listener);
  }
  for (const auto& [id, member] : members_) {
    auto lent = turn();
    member->tick(lent);
    note_state(*member);
  }
}

void EgressLoop::resume_unfinished() {
  // Those that are cut short again join the next round.
  for (Member* member : std::exchange(unfinished_, {})) {
    member->in_unfinished = false;
    auto lent = turn();
    if (!member->ended()) member->resume(lent);
    note_state(*member);
  }
}

void EgressLoop::note_state(Member& member) {
  if (member.ended() && !std::exchange(member.in_ended, true)) ended_members_.push_back(member.id);
  if (member.unfinished() && !std::exchange(member.in_unfinished, true))
    unfinished_.push_back(&member);
}

void EgressLoop::bury() {
  if (!ended_members_.empty()) {
    std::erase_if(unfinished_, [](const Member* member) { return member->ended(); });
    for (const auto id : std::exchange(ended_members_, {})) remove_member(id);
  }
  for (const auto id : std::exchange(ended_listeners_, {})) {
    unwatch(listeners_.at(id)->fd.get());
    listeners_.erase(id);
    sessions_count_.fetch_sub(1, std::memory_order_relaxed);
  }
  if (listeners_.empty()) set_ticking(false);
}

void EgressLoop::remove_member(std::uint64_t id) {
  const auto node = members_.extract(id);
  // A descriptor that a child process still holds stays in the epoll set after its close.
  unwatch(node.mapped()->client_fd());
  --node.mapped()->listener.open;
  shared_.open.fetch_sub(1, std::memory_order_relaxed);
}

void EgressLoop::end_everything() {
  for (const auto& [id, member] : members_) {
    auto lent = turn();
    member->abort(lent);
    note_state(*member);
  }
  bury();
  listeners_.clear();
}

}  // namespace pbaas::egress
