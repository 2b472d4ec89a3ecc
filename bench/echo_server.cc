// A WebSocket server that answers each message with the same bytes: what a relay is measured
// against. One thread, one epoll, no library in the way. Prints its port, and runs until stdin
// ends.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/uuid/detail/sha1.hpp>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

std::string base64(std::string_view bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<std::uint8_t>(bytes[i + j]) : 0u);
    }
    for (int shift = 18; shift >= 0; shift -= 6) text += kDigits[group >> shift & 63];
  }
  for (std::size_t i = 0; i < (3 - bytes.size() % 3) % 3; ++i) text[text.size() - 1 - i] = '=';
  return text;
}

// RFC 6455 §4.2.2.
std::string accept_of(std::string_view key) {
  boost::uuids::detail::sha1 hash;
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  hash.process_bytes(text.data(), text.size());
  unsigned int words[5];
  hash.get_digest(words);
  std::string digest;
  for (const unsigned int word : words) {
    for (int shift = 24; shift >= 0; shift -= 8) digest += static_cast<char>(word >> shift);
  }
  return base64(digest);
}

std::string header_value(std::string_view head, std::string_view name) {
  for (std::size_t at = 0; (at = head.find("\r\n", at)) != head.npos; at += 2) {
    const auto line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const auto value = line.substr(name.size() + 1);
    return std::string(value.substr(std::min(value.find_first_not_of(' '), value.size())));
  }
  return {};
}

struct Connection {
  bool open = false;  // after the handshake
  std::string in;
  std::string out;
  std::size_t sent = 0;
};

void unmask(char* bytes, std::size_t size, const char* key) {
  std::uint64_t wide = 0;
  std::memcpy(&wide, key, 4);
  wide |= wide << 32;
  if (wide == 0) return;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, 8);
    word ^= wide;
    std::memcpy(bytes + i, &word, 8);
  }
  for (; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ key[i % 4]);
}

void shake_hands(Connection& connection) {
  const std::size_t end = connection.in.find("\r\n\r\n");
  if (end == std::string::npos) return;
  const std::string_view head = std::string_view(connection.in).substr(0, end + 2);
  connection.out +=
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_of(header_value(head, "Sec-WebSocket-Key")) + "\r\n\r\n";
  connection.in.erase(0, end + 4);
  connection.open = true;
}

// Answers one whole frame; false while it is incomplete.
bool answer_one(Connection& connection) {
  std::string& in = connection.in;
  if (in.size() < 6) return false;
  std::uint64_t size = in[1] & 0x7F;
  const std::size_t extended = size == 127 ? 8 : size == 126 ? 2 : 0;
  if (in.size() < 6 + extended) return false;
  if (extended > 0) size = 0;
  for (std::size_t i = 0; i < extended; ++i)
    size = size << 8 | static_cast<std::uint8_t>(in[2 + i]);
  const std::size_t head = 6 + extended;
  if (in.size() < head + size) {
    in.reserve(head + size);
    return false;
  }
  unmask(in.data() + head, size, in.data() + head - 4);
  connection.out += in[0];
  connection.out += static_cast<char>(in[1] & 0x7F);
  connection.out.append(in, 2, extended);
  connection.out.append(in, head, size);
  in.erase(0, head + size);
  return true;
}

class EchoServer {
 public:
  EchoServer() : epoll_(::epoll_create1(0)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 4096);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    std::printf("%d\n", ::ntohs(address.sin_port));
    std::fflush(stdout);
    watch(listener_, EPOLLIN);
    watch(STDIN_FILENO, EPOLLIN);
  }

  void run() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int ready = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < ready; ++i) {
        const int fd = events[i].data.fd;
        if (fd == STDIN_FILENO) return;
        fd == listener_ ? accept() : serve(fd);
      }
    }
  }

 private:
  void watch(int fd, std::uint32_t events) const {
    epoll_event event{.events = events, .data = {.fd = fd}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }

  void accept() {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    connections_[fd];
    watch(fd, EPOLLIN | EPOLLOUT | EPOLLET);
  }

  void serve(int fd) {
    Connection& connection = connections_[fd];
    for (;;) {
      const ssize_t got = ::recv(fd, buffer_.get(), kReadBytes, 0);
      if (got == 0 || (got < 0 && errno != EAGAIN)) {
        connections_.erase(fd);
        ::close(fd);
        return;
      }
      if (got > 0) connection.in.append(buffer_.get(), static_cast<std::size_t>(got));
      if (got < static_cast<ssize_t>(kReadBytes)) break;
    }
    if (!connection.open) shake_hands(connection);
    while (connection.open && answer_one(connection)) {
    }
    flush(fd, connection);
  }

  static void flush(int fd, Connection& connection) {
    while (connection.sent < connection.out.size()) {
      const ssize_t sent = ::send(fd, connection.out.data() + connection.sent,
                                  connection.out.size() - connection.sent, MSG_NOSIGNAL);
      if (sent < 0) return;
      connection.sent += static_cast<std::size_t>(sent);
    }
    connection.out.clear();
    connection.sent = 0;
  }

  int epoll_;
  int listener_;
  std::unique_ptr<char[]> buffer_ = std::make_unique<char[]>(kReadBytes);
  std::unordered_map<int, Connection> connections_;
};

}  // namespace

int main() {
  EchoServer().run();
  return 0;
}
