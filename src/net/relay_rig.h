// What the relay's tests share: WebSocket frames as bytes, a peer that speaks over a real socket,
// and a clock that tests move while relay threads read it. For tests alone.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "net/relay_pool.h"

namespace pbaas::net::testing {

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xA;

struct FrameShape {
  bool final = true;
  bool masked = false;
};

inline std::string frame_header(std::uint8_t opcode, std::uint64_t size, FrameShape shape) {
  std::string bytes;
  bytes += static_cast<char>((shape.final ? 0x80 : 0) | opcode);
  const int mask = shape.masked ? 0x80 : 0;
  const int extended = size > 0xFFFF ? 8 : size > 125 ? 2 : 0;
  const std::uint64_t length = extended == 8 ? 127 : extended == 2 ? 126 : size;
  bytes += static_cast<char>(mask | static_cast<int>(length));
  for (int i = extended - 1; i >= 0; --i) bytes += static_cast<char>(size >> (8 * i));
  if (shape.masked) bytes += "\x11\x22\x33\x44";
  return bytes;
}

// The payload is not masked in fact: a relay never looks at it.
inline std::string frame(std::uint8_t opcode, std::string_view payload, FrameShape shape) {
  return frame_header(opcode, payload.size(), shape).append(payload);
}

inline std::string from_client(std::uint8_t opcode, std::string_view payload, bool final = true) {
  return frame(opcode, payload, {.final = final, .masked = true});
}

inline std::string from_browser(std::uint8_t opcode, std::string_view payload, bool final = true) {
  return frame(opcode, payload, {.final = final, .masked = false});
}

inline std::string close_payload(int code, std::string_view reason) {
  std::string payload;
  payload += static_cast<char>(code >> 8);
  payload += static_cast<char>(code & 0xFF);
  return payload.append(reason);
}

struct SocketPair {
  UniqueFd here;
  UniqueFd there;
};

// Both ends of one TCP connection over loopback.
inline SocketPair tcp_pair() {
  const UniqueFd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  SocketPair pair;
  pair.here.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::bind(listener.get(), generic, size) != 0 || ::listen(listener.get(), 1) != 0 ||
      ::getsockname(listener.get(), generic, &size) != 0 ||
      ::connect(pair.here.get(), generic, size) != 0) {
    throw std::system_error(errno, std::generic_category(), "tcp_pair");
  }
  pair.there.reset(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  return pair;
}

struct Frame {
  int opcode = -1;
  bool final = false;
  std::string payload;

  int close_code() const {
    if (payload.size() < 2) return 1005;
    return static_cast<std::uint8_t>(payload[0]) << 8 | static_cast<std::uint8_t>(payload[1]);
  }
  std::string close_reason() const { return payload.size() < 2 ? "" : payload.substr(2); }
};

enum class End { kEof, kReset, kMoreBytes, kNever };

// One end of a connection, with blocking calls that give up after ten seconds by throwing.
class TestPeer {
 public:
  TestPeer() = default;
  explicit TestPeer(UniqueFd fd) : fd_(std::move(fd)) {
    const timeval patience{.tv_sec = 10, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  }

  int fd() const { return fd_.get(); }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) throw std::runtime_error("the relay takes no more");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  std::string read(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t at = 0; at < size;) {
      const ssize_t got = ::recv(fd_.get(), bytes.data() + at, size - at, 0);
      if (got <= 0) throw std::runtime_error("the relay sends no more");
      at += static_cast<std::size_t>(got);
    }
    return bytes;
  }

  // Of a server's or a client's; a mask is read over.
  Frame read_frame() {
    const std::string head = read(2);
    Frame frame{.opcode = head[0] & 0x0F, .final = (head[0] & 0x80) != 0, .payload = {}};
    std::uint64_t size = head[1] & 0x7F;
    const std::size_t extended = size == 127 ? 8 : size == 126 ? 2 : 0;
    if (extended > 0) size = 0;
    for (const char c : read(extended)) size = size << 8 | static_cast<std::uint8_t>(c);
    if ((head[1] & 0x80) != 0) read(4);
    frame.payload = read(size);
    return frame;
  }

  End read_end() {
    char byte = 0;
    const ssize_t got = ::recv(fd_.get(), &byte, 1, 0);
    if (got == 0) return End::kEof;
    if (got > 0) return End::kMoreBytes;
    return errno == ECONNRESET ? End::kReset : End::kNever;
  }

  bool has_something(int wait_ms) const {
    pollfd poll_fd{.fd = fd_.get(), .events = POLLIN, .revents = 0};
    return ::poll(&poll_fd, 1, wait_ms) > 0;
  }

  void shut_writing() { ::shutdown(fd_.get(), SHUT_WR); }
  void leave() { fd_.reset(); }
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.reset();
  }

 private:
  UniqueFd fd_;
};

class SharedClock final : public Clock {
 public:
  Instant now() const override { return now_.load(); }
  WallTime wall() const override { return WallTime{}; }
  void advance(Duration by) { now_ = now_.load() + by; }

 private:
  std::atomic<Instant> now_{Instant{Duration{1'000'000}}};
};

// A client and a browser with a relay between them.
struct Ends {
  TestPeer client;
  TestPeer browser;
};

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() {
    limits_.tick = Duration{2};
    // Tests move the clock, so no time passes by itself; only the pool's end waits in real time.
    limits_.close_grace = Duration{2'000};
  }

  RelayPool& pool() {
    if (!pool_) pool_ = std::make_unique<RelayPool>(threads_, clock_, limits_);
    return *pool_;
  }

  Ends relay(RelayEndpoint endpoint = RelayEndpoint::kBrowser) {
    RelayStart start;
    start.endpoint = endpoint;
    return relay(std::move(start));
  }

  Ends relay(RelayStart start) {
    auto client = tcp_pair();
    auto browser = tcp_pair();
    start.client = std::move(client.there);
    start.browser = std::move(browser.there);
    start.group = group_;
    pool().start(std::move(start));
    return {TestPeer(std::move(client.here)), TestPeer(std::move(browser.here))};
  }

  // Moves the clock on until the peer has something to read, or real time runs out.
  void pass_time_until_readable(const TestPeer& peer) {
    for (int i = 0; i < 5'000 && !peer.has_something(2); ++i) clock_.advance(Duration{200});
  }

  // Moves the clock on until that is so.
  bool pass_time_until(const std::function<bool()>& so, Duration step = Duration{200}) {
    for (int i = 0; i < 5'000 && !so(); ++i) {
      clock_.advance(step);
      ::poll(nullptr, 0, 2);
    }
    return so();
  }

  // Waits for what the relay's thread does, with the clock at rest.
  bool wait_until(const std::function<bool()>& so) { return pass_time_until(so, Duration{0}); }

  // Waits until a number above zero has not changed for 50 looks.
  void wait_until_still(const std::function<std::uint64_t()>& number) {
    std::uint64_t last = 0;
    int still = 0;
    wait_until([&] {
      const std::uint64_t value = number();
      still = value > 0 && value == last ? still + 1 : 0;
      last = value;
      return still == 50;
    });
  }

  // Sends the bytes over and over until nobody takes more; gives how many were taken.
  std::size_t send_until_stuck(const TestPeer& from, std::string_view bytes) {
    std::size_t taken = 0;
    wait_until_still([&] {
      for (;;) {
        const auto rest = bytes.substr(taken % bytes.size());
        const ssize_t sent = ::send(from.fd(), rest.data(), rest.size(), MSG_DONTWAIT);
        if (sent <= 0) return taken;
        taken += static_cast<std::size_t>(sent);
      }
    });
    return taken;
  }

  bool wait_until_gone() {
    return wait_until([this] { return group_->open() == 0; });
  }

  SharedClock clock_;
  RelayLimits limits_;
  int threads_ = 1;
  std::shared_ptr<RelayGroup> group_ = std::make_shared<RelayGroup>(clock_);
  std::unique_ptr<RelayPool> pool_;
};

}  // namespace pbaas::net::testing
