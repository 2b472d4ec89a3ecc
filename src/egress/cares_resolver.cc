#include "egress/cares_resolver.h"

#include <ares.h>
#include <netdb.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

#include "base/unique_fd.h"
#include "egress/dial.h"

namespace pbaas::egress {
namespace {

// What tells one state of a file from another without a look inside.
struct FileState {
  std::uint64_t inode = 0;
  std::int64_t bytes = 0;
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const FileState&) const = default;
};

// All zero where it is not there.
FileState state_of(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0) return {};
  return {facts.st_ino, facts.st_size, facts.st_mtim.tv_sec, facts.st_mtim.tv_nsec};
}

struct Query {
  std::string host;
  Resolver::Answer answer;
};

// An answer over TCP has thousands, each of which costs a look at the routes.
constexpr std::size_t kLookedAtMax = 32;

// What can be reached before what cannot, and of that IPv6 first: what RFC 6724 comes to here.
void put_in_order(std::vector<IpAddress>& addresses) {
  std::array<std::vector<IpAddress>, 3> ranks;
  for (const auto& each : addresses)
    ranks[!has_route_to(each) ? 2 : each.is_v4() ? 1 : 0].push_back(each);
  addresses.clear();
  for (const auto& rank : ranks) addresses.insert(addresses.end(), rank.begin(), rank.end());
}

Resolved resolved_from(int status, const ares_addrinfo* found) {
  switch (status) {
    case ARES_SUCCESS:
      break;
    case ARES_ENOTFOUND:
    case ARES_ENODATA:
    case ARES_EBADNAME:
      return {.status = ResolveStatus::kNotFound};
    case ARES_ETIMEOUT:
      return {.status = ResolveStatus::kTimeout};
    default:
      return {.status = ResolveStatus::kFailed};
  }
  Resolved resolved{.status = ResolveStatus::kFound};
  auto& addresses = resolved.addresses;
  for (const auto* node = found->nodes; node != nullptr; node = node->ai_next) {
    if (addresses.size() == kLookedAtMax) break;
    if (const auto address = IpAddress::from(node->ai_addr)) addresses.push_back(*address);
  }
  put_in_order(addresses);
  if (addresses.empty()) resolved.status = ResolveStatus::kNotFound;
  return resolved;
}

}  // namespace

class CaresResolver::Impl {
 public:
  explicit Impl(ResolverLimits limits)
      : limits_(std::move(limits)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!epoll_.valid() || !wake_.valid()) throw std::runtime_error("resolver: no descriptors");
    epoll_event event{.events = EPOLLIN, .data = {.fd = wake_.get()}};
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event);
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
      throw std::runtime_error("resolver: c-ares does not start");
    channel_ = open_channel();
    if (channel_ == nullptr) throw std::runtime_error("resolver: c-ares does not start");
    start();
  }

  ~Impl() {
    stopping_ = true;
    ::eventfd_write(wake_.get(), 1);
    thread_.join();
    // Its callbacks answer what is pending.
    ares_destroy(channel_);
    for (auto& query : posted_) query.answer({});
    ares_library_cleanup();
  }

  void resolve(const std::string& host, Answer answer) {
    if (pending_.fetch_add(1) >= limits_.pending_max) {
      pending_.fetch_sub(1);
      return answer({.status = ResolveStatus::kBusy});
    }
    {
      const std::lock_guard lock(mutex_);
      posted_.push_back({host, std::move(answer)});
    }
    ::eventfd_write(wake_.get(), 1);
  }

 private:
  struct Asked {
    Impl* self;
    Query query;
  };

  // Null where c-ares has no room for it.
  ares_channel open_channel() {
    const auto read = state_of(limits_.resolv_conf);
    ares_options options{};
    options.timeout = limits_.timeout_ms;
    options.tries = limits_.tries;
    // A name with a dot in it is asked for as it is first, not below every search domain.
    options.ndots = 1;
    options.sock_state_cb = &Impl::on_socket;
    options.sock_state_cb_data = this;
    std::string resolv_conf = limits_.resolv_conf;
    options.resolvconf_path = resolv_conf.data();
    options.udp_port = static_cast<unsigned short>(limits_.port);
    options.tcp_port = options.udp_port;
    const int mask = ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_SOCK_STATE_CB |
                     ARES_OPT_RESOLVCONF | ARES_OPT_UDP_PORT | ARES_OPT_TCP_PORT;
    ares_channel made = nullptr;
    if (ares_init_options(&made, &options, mask) != ARES_SUCCESS) return nullptr;
    read_ = read;
    return made;
  }

  // What the servers of before have not answered is asked of the new ones.
  void reopen_channel() {
    const ares_channel made = open_channel();
    if (made == nullptr) return;
    is_reopening_ = true;
    ares_destroy(std::exchange(channel_, made));
    is_reopening_ = false;
    for (auto& query : std::exchange(unanswered_, {})) ask(std::move(query));
  }

  // Signals are the main thread's.
  void start() {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::pthread_setname_np(thread_.native_handle(), "resolver");
  }

  static void on_socket(void* data, ares_socket_t fd, int readable, int writable) {
    const auto& self = *static_cast<Impl*>(data);
    if (readable == 0 && writable == 0) {
      ::epoll_ctl(self.epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
      return;
    }
    epoll_event event{.events = (readable != 0 ? EPOLLIN : 0u) | (writable != 0 ? EPOLLOUT : 0u),
                      .data = {.fd = fd}};
    if (::epoll_ctl(self.epoll_.get(), EPOLL_CTL_MOD, fd, &event) != 0)
      ::epoll_ctl(self.epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }

  static void on_answer(void* data, int status, int, ares_addrinfo* found) {
    const std::unique_ptr<Asked> asked(static_cast<Asked*>(data));
    auto& self = *asked->self;
    if (status == ARES_EDESTRUCTION && self.is_reopening_)
      return self.unanswered_.push_back(std::move(asked->query));
    self.pending_.fetch_sub(1);
    asked->query.answer(resolved_from(status, found));
    if (found != nullptr) ares_freeaddrinfo(found);
  }

  void run() {
    std::array<epoll_event, 64> events;
    while (!stopping_) {
      const int ready =
          ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms());
      for (int i = 0; i < ready; ++i) {
        if (events[i].data.fd == wake_.get())
          ask_posted();
        else
          process(events[i]);
      }
      // What has timed out is seen by this alone.
      ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
  }

  int wait_ms() {
    timeval left{};
    timeval* next = ares_timeout(channel_, nullptr, &left);
    return next == nullptr ? -1 : static_cast<int>(next->tv_sec * 1000 + next->tv_usec / 1000 + 1);
  }

  void process(const epoll_event& event) {
    const bool in = (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
    const bool out = (event.events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0;
    ares_process_fd(channel_, in ? event.data.fd : ARES_SOCKET_BAD,
                    out ? event.data.fd : ARES_SOCKET_BAD);
  }

  void ask_posted() {
    eventfd_t count = 0;
    ::eventfd_read(wake_.get(), &count);
    std::vector<Query> posted;
    {
      const std::lock_guard lock(mutex_);
      posted.swap(posted_);
    }
    if (state_of(limits_.resolv_conf) != read_) reopen_channel();
    for (auto& query : posted) ask(std::move(query));
  }

  void ask(Query query) {
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT;  // Its own order costs a socket for each of any number.
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    auto asked = std::make_unique<Asked>(Asked{this, std::move(query)});
    // What is asked may be answered, and gone, at once.
    const std::string host = asked->query.host;
    ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, &Impl::on_answer, asked.release());
  }

  const ResolverLimits limits_;
  UniqueFd epoll_;
  UniqueFd wake_;
  // The thread's own while it runs.
  ares_channel channel_ = nullptr;
  FileState read_;  // the resolv.conf that the channel was opened with
  bool is_reopening_ = false;
  std::vector<Query> unanswered_;
  std::atomic<std::size_t> pending_{0};
  std::atomic<bool> stopping_{false};
  // Handed from many threads to one; held for a push or a swap.
  std::mutex mutex_;
  std::vector<Query> posted_;
  std::thread thread_;
};

CaresResolver::CaresResolver(ResolverLimits limits)
    : impl_(std::make_unique<Impl>(std::move(limits))) {}
CaresResolver::~CaresResolver() = default;

void CaresResolver::resolve(const std::string& host, Answer answer) {
  impl_->resolve(host, std::move(answer));
}

}  // namespace pbaas::egress
