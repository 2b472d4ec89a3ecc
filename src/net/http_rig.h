// For tests: a server on a loop of its own thread, and a client that writes raw bytes.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <cstdlib>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"
#include "net/event.h"
#include "net/http_server.h"

namespace pbaas::net {

// Real time, plus what a test adds to it; from any thread.
class LeapingClock final : public Clock {
 public:
  Instant now() const override { return system_.now() + Duration(leap_.load()); }
  WallTime wall() const override { return system_.wall(); }
  void advance(Duration by) { leap_ += by.count(); }

 private:
  SystemClock system_;
  std::atomic<Duration::rep> leap_{0};
};

// A connected socket with blocking calls, each of which gives up after ten seconds.
class RawSocket {
 public:
  explicit RawSocket(UniqueFd fd) : fd_(std::move(fd)) {
    const timeval limit{10, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    const int on = 1;
    setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }

  static RawSocket connect(int port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int failed =
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    EXPECT_EQ(failed, 0);
    return RawSocket(std::move(fd));
  }

  // False when the other end does not take it all.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }

  // Reads until `enough`, the end, or the time limit; gives all that was read and not yet taken.
  std::string& read_until(const std::function<bool(const std::string&)>& enough) {
    char part[4096];
    while (!enough(pending_)) {
      const auto n = ::recv(fd_.get(), part, sizeof part, 0);
      if (n == 0) ended_ = true;
      if (n <= 0) break;
      pending_.append(part, static_cast<std::size_t>(n));
    }
    return pending_;
  }
  std::string read_to_end() {
    return std::exchange(read_until([](const std::string&) { return false; }), {});
  }
  // Through its empty line.
  std::string read_head() {
    auto& text = read_until([](const auto& all) { return all.find("\r\n\r\n") != all.npos; });
    return take(std::min(text.find("\r\n\r\n"), text.size()) + 4);
  }
  std::string read_bytes(std::size_t count) {
    read_until([count](const auto& all) { return all.size() >= count; });
    return take(count);
  }

  struct Answer {
    int status = 0;
    std::string head;
    std::string body;
  };
  // One response, by its Content-Length; status 0 if none came.
  Answer read_answer() {
    Answer answer;
    answer.head = read_head();
    if (answer.head.size() < 12) return answer;
    answer.status = std::atoi(answer.head.c_str() + 9);
    const auto at = answer.head.find("Content-Length: ");
    if (at != std::string::npos) {
      answer.body = read_bytes(std::strtoul(answer.head.c_str() + at + 16, nullptr, 10));
    }
    return answer;
  }

  bool readable(int timeout_ms) const {
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    return ::poll(&poll_fd, 1, timeout_ms) > 0;
  }
  void finish_writing() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.reset(); }
  // Ends the connection with a reset.
  void reset() {
    const linger at_once{1, 0};
    setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close();
  }
  bool ended() const { return ended_; }

 private:
  std::string take(std::size_t count) {
    auto taken = pending_.substr(0, count);
    pending_.erase(0, count);
    return taken;
  }

  UniqueFd fd_;
  std::string pending_;
  bool ended_ = false;
};

// Listens on a port of the loopback, such as a browser does.
class RawListener {
 public:
  RawListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_.get(), any, length), 0);
    EXPECT_EQ(::listen(fd_.get(), 16), 0);
    EXPECT_EQ(::getsockname(fd_.get(), any, &length), 0);
    port_ = ntohs(address.sin_port);
  }
  int port() const { return port_; }
  RawSocket accept() {
    return RawSocket(UniqueFd(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
  }
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
  int port_ = 0;
};

class HttpRig {
 public:
  using Routes = std::function<void(Router&, Loop&)>;

  explicit HttpRig(const Routes& routes, HttpLimits limits = quick()) {
    Router router;
    routes(router, loop_);
    server_.emplace(loop_, clock_, std::move(router), relays_, limits);
    server_->on_answered([this](const Answered& answered) {
      const std::lock_guard lock(mutex_);
      answered_.push_back(answered);
    });
    port_ = server_->listen("127.0.0.1", 0).value();
    thread_ = std::thread([this] { loop_.run(); });
  }
  // Joins only if nothing of the server's is left on the loop.
  ~HttpRig() {
    stop();
    open_end_.reset();
    thread_.join();
  }

  static HttpLimits quick() {
    HttpLimits limits;
    limits.sweep_interval = Duration(5);
    return limits;
  }

  RawSocket connect() const { return RawSocket::connect(port_); }
  int port() const { return port_; }
  LeapingClock& clock() { return clock_; }
  RelayPool& relays() { return relays_; }

  // Destroys the server.
  void stop() {
    on_loop([this] { server_.reset(); });
  }
  void on_loop(const std::function<void()>& work) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  HttpServer& server() { return *server_; }
  // For handlers to wait on; it lives as long as the loop.
  Event& event() { return event_; }
  std::size_t connections() {
    std::size_t count = 0;
    on_loop([&] { count = server_->connections(); });
    return count;
  }
  std::vector<Answered> answered() {
    const std::lock_guard lock(mutex_);
    return answered_;
  }
  // Turns the loop until it holds; false after ten seconds.
  bool comes_true(const std::function<bool()>& holds) {
    const auto limit = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < limit) {
      bool is = false;
      on_loop([&] { is = holds(); });
      if (is) return true;
      std::this_thread::yield();
    }
    return false;
  }
  // Lets time pass in leaps until the client has something to read.
  void leap_until_readable(const RawSocket& client, Duration leap) {
    for (int i = 0; i < 500 && !client.readable(20); ++i) clock_.advance(leap);
  }

 private:
  LeapingClock clock_;
  RelayPool relays_{1, clock_, RelayLimits()};
  Loop loop_;
  boost::asio::executor_work_guard<Loop::executor_type> open_end_{loop_.get_executor()};
  Event event_{loop_};
  std::optional<HttpServer> server_;
  std::thread thread_;
  int port_ = 0;
  std::mutex mutex_;
  std::vector<Answered> answered_;
};

}  // namespace pbaas::net
