// A TCP proxy between a client and a server of this machine that does what networks do: cuts a
// connection after so many bytes, or lets few bytes through a second. Threads of its own; a test
// owns it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace pbaas::support {

class FaultProxy {
 public:
  explicit FaultProxy(int server_port)
      : server_port_(server_port), listener_(listen_anywhere()), acceptor_([this] { accept(); }) {}
  ~FaultProxy() {
    stopping_ = true;
    acceptor_.join();
    for (auto& each : pumps_) each.join();
  }
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  int port() const { return port_; }
  // The next `times` connections that carry so many bytes up are reset there and then.
  void cut_after(std::int64_t bytes, int times) {
    cut_after_ = bytes;
    cuts_left_ = times;
  }
  // The next `times` connections lose the server's answer: it is reset instead of passed on, once
  // so many bytes went up.
  void lose_answers_after(std::int64_t bytes, int times) {
    lose_after_ = bytes;
    losses_left_ = times;
  }
  // 0: as quick as it goes.
  void limit_bytes_per_s(std::int64_t bytes) { bytes_per_s_ = bytes; }
  int cuts() const { return cuts_; }

 private:
  static constexpr int kPollMs = 20;

  UniqueFd listen_anywhere() {
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (bind(fd.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        listen(fd.get(), 64) != 0 ||
        getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port for the proxy");
    port_ = ntohs(address.sin_port);
    return fd;
  }

  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static bool readable(int fd) {
    pollfd waits{fd, POLLIN, 0};
    return poll(&waits, 1, kPollMs) > 0;
  }

  void accept() {
    while (!stopping_) {
      if (!readable(listener_.get())) continue;
      UniqueFd client(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (client.valid()) pumps_.emplace_back([this, c = client.release()] { pump(UniqueFd(c)); });
    }
  }

  void pump(UniqueFd client) {
    UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(server_port_);
    if (connect(server.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return;
    std::int64_t up = 0;
    while (!stopping_) {
      std::array<pollfd, 2> waits{pollfd{client.get(), POLLIN, 0}, pollfd{server.get(), POLLIN, 0}};
      if (poll(waits.data(), waits.size(), kPollMs) <= 0) continue;
      if (waits[1].revents != 0 && up >= lose_after_ && losses_left_.fetch_sub(1) > 0)
        return reset(client);
      if (waits[1].revents != 0 && move(server.get(), client.get()) <= 0) return;
      if (waits[0].revents == 0) continue;
      const auto moved = move(client.get(), server.get());
      if (moved <= 0) return;
      up += moved;
      if (up >= cut_after_ && cuts_left_.fetch_sub(1) > 0) return reset(client);
      wait_for_rate(moved);
    }
  }

  void wait_for_rate(std::int64_t moved) const {
    const auto rate = bytes_per_s_.load();
    if (rate <= 0) return;
    // In pieces, so that the proxy's end does not wait for the slowest connection.
    auto left = std::chrono::milliseconds(moved * 1000 / rate);
    while (left.count() > 0 && !stopping_) {
      const auto piece = std::min(left, std::chrono::milliseconds(kPollMs));
      std::this_thread::sleep_for(piece);
      left -= piece;
    }
  }

  // With a reset, as a network that loses a connection does, and not with a polite end.
  void reset(const UniqueFd& client) {
    const linger at_once{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    ++cuts_;
  }

  std::int64_t move(int from, int to) const {
    std::array<char, 65'536> buffer{};
    const auto most = bytes_per_s_ > 0 ? std::min<std::int64_t>(bytes_per_s_ / 10 + 1, 65'536)
                                       : std::int64_t{65'536};
    const auto got = recv(from, buffer.data(), static_cast<std::size_t>(most), 0);
    for (ssize_t sent = 0; sent < got;) {
      const auto now =
          send(to, buffer.data() + sent, static_cast<std::size_t>(got - sent), MSG_NOSIGNAL);
      if (now <= 0) return now;
      sent += now;
    }
    return got;
  }

  const int server_port_;
  int port_ = 0;
  UniqueFd listener_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::int64_t> cut_after_{std::numeric_limits<std::int64_t>::max()};
  std::atomic<std::int64_t> lose_after_{std::numeric_limits<std::int64_t>::max()};
  std::atomic<int> cuts_left_{0};
  std::atomic<int> losses_left_{0};
  std::atomic<int> cuts_{0};
  std::atomic<std::int64_t> bytes_per_s_{0};
  std::vector<std::thread> pumps_;  // The acceptor's, until it has ended.
  std::thread acceptor_;
};

}  // namespace pbaas::support
