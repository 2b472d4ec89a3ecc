// What the egress proxy's tests share: real sockets on loopback, servers that do what a test says,
// a resolver whose names a test owns, and a proxy over all of it. For tests alone.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/host_port.h"
#include "base/unique_fd.h"
#include "egress/egress_pool.h"

namespace pbaas::egress::testing {

inline IpAddress address(std::string_view text) {
  return IpAddress::parse(text).value();
}

inline HostPort place(std::string_view text) {
  return parse_host_port(text, 0).value();
}

inline EgressPolicy allow_loopback() {
  return EgressPolicy::parse({"127.0.0.0/8"}).value();
}

inline UniqueFd listen_on_loopback(std::string_view host = "127.0.0.1") {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage to;
  const auto size = address(host).to_sockaddr(0, to);
  if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0 ||
      ::listen(fd.get(), 1'024) != 0)
    throw std::system_error(errno, std::generic_category(), "listen");
  return fd;
}

inline int port_of(const UniqueFd& fd) {
  sockaddr_in local{};
  socklen_t size = sizeof local;
  ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&local), &size);
  return ntohs(local.sin_port);
}

inline UniqueFd connect_to_loopback(int port) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_storage to;
  const auto size = address("127.0.0.1").to_sockaddr(port, to);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&to), size) != 0)
    throw std::system_error(errno, std::generic_category(), "connect");
  return fd;
}

enum class WireEnd { kEof, kReset, kNever };

// One end of a connection, with blocking calls that give up after ten seconds by throwing.
class Wire {
 public:
  explicit Wire(UniqueFd fd) : fd_(std::move(fd)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  int fd() const { return fd_.get(); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("the other end takes no more");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::string read(std::size_t size) {
    while (held_.size() < size) {
      if (!read_some()) throw std::runtime_error("the other end sends no more than: " + held_);
    }
    return take(size);
  }

  // Up to and with `mark`.
  std::string read_until(std::string_view mark) {
    std::size_t at = 0;
    while ((at = held_.find(mark)) == std::string::npos) {
      if (!read_some()) throw std::runtime_error("the other end sends no more than: " + held_);
    }
    return take(at + mark.size());
  }

  std::string read_head() { return read_until("\r\n\r\n"); }

  // All there is until the end, which end() then names.
  std::string read_all() {
    while (read_some()) continue;
    return take(held_.size());
  }

  // The same, where it is too much to keep.
  std::uint64_t count_all() {
    std::uint64_t count = held_.size();
    for (held_.clear(); read_some(); held_.clear()) count += held_.size();
    return count;
  }

  WireEnd end() const { return end_; }
  void shut_writing() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }

  // Also where a copy of the descriptor is still open.
  void reset() {
    const sockaddr nobody{.sa_family = AF_UNSPEC, .sa_data = {}};
    ::connect(fd_.get(), &nobody, sizeof nobody);
    fd_.reset();
  }

 private:
  bool read_some() {
    char buffer[65'536];
    const ssize_t got = ::recv(fd_.get(), buffer, sizeof buffer, 0);
    if (got > 0) held_.append(buffer, static_cast<std::size_t>(got));
    if (got == 0) end_ = WireEnd::kEof;
    if (got < 0 && errno == ECONNRESET) end_ = WireEnd::kReset;
    return got > 0;
  }

  std::string take(std::size_t size) {
    std::string taken = held_.substr(0, size);
    held_.erase(0, size);
    return taken;
  }

  UniqueFd fd_;
  std::string held_;
  WireEnd end_ = WireEnd::kNever;
};

// Serves each connection by the same function, on a thread of its own. What throws ends that
// connection alone.
class Server {
 public:
  using Serve = std::function<void(Wire&)>;

  explicit Server(Serve serve, std::string_view host = "127.0.0.1")
      : serve_(std::move(serve)), listener_(listen_on_loopback(host)), port_(port_of(listener_)) {
    accepting_ = std::thread([this] { accept_all(); });
  }
  ~Server() {
    ::shutdown(listener_.get(), SHUT_RDWR);
    accepting_.join();
    for (auto& fd : open_) ::shutdown(fd, SHUT_RDWR);
    for (auto& thread : threads_) thread.join();
    for (auto& fd : open_) ::close(fd);
  }
  Server(const Server&) = delete;

  int port() const { return port_; }
  std::string at(std::string_view host) const {
    return std::string(host) + ":" + std::to_string(port_);
  }
  int accepted() const { return accepted_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0 && errno == EMFILE) {
        std::this_thread::yield();
        continue;
      }
      if (fd < 0) return;
      ++accepted_;
      // A copy of the descriptor is kept until the end, so that the end can wake its thread.
      open_.push_back(::fcntl(fd, F_DUPFD_CLOEXEC, 0));
      threads_.emplace_back([this, fd, kept = open_.back()] {
        Wire wire{UniqueFd(fd)};
        try {
          serve_(wire);
          if (wire.fd() >= 0) ::shutdown(kept, SHUT_RDWR);
        } catch (const std::exception&) {
          ::shutdown(kept, SHUT_RDWR);
        }
      });
    }
  }

  Serve serve_;
  UniqueFd listener_;
  int port_;
  std::atomic<int> accepted_{0};
  std::vector<int> open_;  // the accepting thread's, until it is joined
  std::list<std::thread> threads_;
  std::thread accepting_;
};

// Answers each request by its path: "ok PATH", over connections that live on.
inline void serve_ok(Wire& wire) {
  for (;;) {
    const std::string head = wire.read_head();
    const std::string body = "ok " + head.substr(0, head.find(" HTTP/"));
    wire.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
              body);
  }
}

// Names that a test owns. Each look-up takes the next answer of its name; the last one stays.
class StubResolver final : public Resolver {
 public:
  void set(const std::string& host, std::vector<std::vector<std::string>> answers) {
    const std::lock_guard lock(mutex_);
    for (const auto& each : answers) {
      Resolved resolved{.status = ResolveStatus::kFound};
      for (const auto& text : each) resolved.addresses.push_back(address(text));
      answers_[host].push_back(std::move(resolved));
    }
  }
  void fail(const std::string& host, ResolveStatus status) {
    const std::lock_guard lock(mutex_);
    answers_[host].push_back({.status = status});
  }

  // Names nobody has set are never answered.
  void resolve(const std::string& host, Answer answer) override {
    Resolved resolved;
    {
      const std::lock_guard lock(mutex_);
      ++asked_;
      const auto found = answers_.find(host);
      if (found == answers_.end()) {
        kept_.emplace_back(host, std::move(answer));
        return;
      }
      resolved = found->second.front();
      if (found->second.size() > 1) found->second.pop_front();
    }
    answer(std::move(resolved));
  }

  // Answers, with one address, those who have asked for a name that nobody had set.
  void answer_late(const std::string& host, const std::string& text) {
    std::vector<std::pair<std::string, Answer>> kept;
    {
      const std::lock_guard lock(mutex_);
      kept.swap(kept_);
    }
    for (auto& [name, answer] : kept) {
      if (name == host) answer({.status = ResolveStatus::kFound, .addresses = {address(text)}});
    }
  }

  int asked() const { return asked_; }

 private:
  std::mutex mutex_;
  std::map<std::string, std::deque<Resolved>> answers_;
  std::vector<std::pair<std::string, Answer>> kept_;
  std::atomic<int> asked_{0};
};

// A proxy for one session, with loopback open as the tests' internet.
class Rig {
 public:
  explicit Rig(EgressPolicy policy = allow_loopback(), EgressLimits limits = quick(),
               EgressSpec spec = {})
      : listener_(listen_on_loopback()),
        port_(port_of(listener_)),
        pool(2, clock_, resolver, std::move(policy), limits),
        session(pool.serve(std::move(listener_), std::move(spec))) {
    resolver.set("a.example", {{"127.0.0.1"}});
    resolver.set("b.example", {{"127.0.0.1"}});
  }

  // What takes minutes in service takes a moment here; what must not run out is left as it is.
  static EgressLimits quick() { return {.tick = Duration{10}}; }

  int port() const { return port_; }
  Wire connect() const { return Wire(connect_to_loopback(port_)); }

  // A tunnel that stands.
  Wire tunnel(const std::string& where) const {
    Wire wire = connect();
    wire.send("CONNECT " + where + " HTTP/1.1\r\nHost: " + where + "\r\n\r\n");
    if (const auto head = wire.read_head(); !head.starts_with("HTTP/1.1 200 "))
      throw std::runtime_error("no tunnel: " + head);
    return wire;
  }

  // The whole answer to a first request, until the connection ends.
  std::string answer(const std::string& request) const {
    Wire wire = connect();
    wire.send(request);
    return wire.read_all();
  }

 private:
  SystemClock clock_;
  UniqueFd listener_;
  int port_;

 public:
  StubResolver resolver;
  EgressPool pool;
  std::unique_ptr<SessionEgress> session;
};

inline std::string get(const std::string& url, const std::string& fields = "") {
  return "GET http://" + url + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}

inline std::string connect_request(const std::string& where) {
  return "CONNECT " + where + " HTTP/1.1\r\nHost: x\r\n\r\n";
}

// The body of the next response, which has a length.
inline std::string read_body(Wire& wire) {
  const std::string head = wire.read_head();
  const auto at = head.find("Content-Length: ");
  if (at == std::string::npos) throw std::runtime_error("no length: " + head);
  return wire.read(std::stoul(head.substr(at + 16)));
}

// Waits for what another thread is about to do, ten seconds at most.
inline bool soon(const std::function<bool()>& holds) {
  for (int i = 0; i < 2'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

}  // namespace pbaas::egress::testing
