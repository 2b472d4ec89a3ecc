// An HTTP server of this machine that gives the answers it was told, one for each request, whatever
// is asked: for what a real store says too seldom to test. An empty answer is silence. A thread of
// its own; a test owns it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace pbaas::support {

class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> answers)
      : answers_(std::move(answers)), listener_(listen_anywhere()), thread_([this] { serve(); }) {}
  ~ScriptedServer() {
    stopping_ = true;
    thread_.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  // The heads of the requests so far.
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  void wait_for_request() {
    std::unique_lock lock(mutex_);
    came_.wait(lock, [this] { return !requests_.empty(); });
  }

 private:
  static constexpr int kPollMs = 20;

  UniqueFd listen_anywhere() {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(fd.get(), 16) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port for the server");
    port_ = ntohs(address.sin_port);
    return fd;
  }

  bool readable(int fd) const {
    while (!stopping_) {
      pollfd waits{fd, POLLIN, 0};
      if (poll(&waits, 1, kPollMs) > 0) return true;
    }
    return false;
  }

  // A connection for each request: the answer's end is the connection's.
  void serve() {
    for (const auto& answer : answers_) {
      if (!readable(listener_.get())) return;
      const UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!take_request(client.get())) return;
      if (answer.empty()) (void)readable(listener_.get());
      (void)send(client.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    }
  }

  bool take_request(int client) {
    std::string head;
    std::array<char, 4096> buffer{};
    while (head.find("\r\n\r\n") == std::string::npos) {
      if (!readable(client)) return false;
      const auto got = recv(client, buffer.data(), buffer.size(), 0);
      if (got <= 0) break;
      head.append(buffer.data(), static_cast<std::size_t>(got));
    }
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(head);
    }
    came_.notify_all();
    return true;
  }

  const std::vector<std::string> answers_;
  int port_ = 0;
  UniqueFd listener_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;  // The requests are read by the test's thread.
  std::condition_variable came_;
  std::vector<std::string> requests_;
  std::thread thread_;
};

}  // namespace pbaas::support
