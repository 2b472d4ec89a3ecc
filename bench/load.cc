// A WebSocket client that measures: `load rounds PORT SIZE COUNT PAUSE_US` sends messages over one
// connection, each after the answer to the one before, and prints one JSON object; `load idle PORT
// COUNT` opens connections. Both print "ready" once they are connected and wait for a line on
// stdin: the first to begin, the second to end.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

void send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("send");
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

int connect_to(int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = ::htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fail("connect");
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  send_all(fd,
           "GET /echo HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  std::string head;
  char c = 0;
  while (!head.ends_with("\r\n\r\n")) {
    if (::recv(fd, &c, 1, 0) != 1) fail("handshake");
    head += c;
  }
  if (!head.starts_with("HTTP/1.1 101")) {
    std::fprintf(stderr, "%s", head.c_str());
    std::exit(1);
  }
  return fd;
}

// A masking key of zeros leaves the payload as it is, so that masking is not what is measured.
std::string message(std::size_t size) {
  std::string bytes = "\x81";
  const int extended = size > 0xFFFF ? 8 : size > 125 ? 2 : 0;
  const std::size_t length = extended == 8 ? 127 : extended == 2 ? 126 : size;
  bytes += static_cast<char>(0x80 | length);
  for (int i = extended - 1; i >= 0; --i) bytes += static_cast<char>(size >> (8 * i));
  return bytes.append(4, '\0').append(size, 'x');
}

void wait_for_line() {
  std::printf("ready\n");
  std::fflush(stdout);
  char c = 0;
  while (::read(STDIN_FILENO, &c, 1) > 0 && c != '\n') {
  }
}

void round_trip(int fd, const std::string& question, std::vector<char>& buffer) {
  send_all(fd, question);
  // The answer is the question without its masking key.
  for (std::size_t left = question.size() - 4; left > 0;) {
    const ssize_t got = ::recv(fd, buffer.data(), std::min(buffer.size(), left), 0);
    if (got <= 0) fail("recv");
    left -= static_cast<std::size_t>(got);
  }
}

int rounds(int port, std::size_t size, std::size_t count, std::chrono::microseconds pause) {
  const int fd = connect_to(port);
  const std::string question = message(size);
  std::vector<char> buffer(256 * 1024);
  for (std::size_t i = 0; i < std::min<std::size_t>(count / 10 + 1, 500); ++i) {
    round_trip(fd, question, buffer);
  }
  wait_for_line();
  std::vector<double> times_us;
  times_us.reserve(count);
  double busy_s = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (pause.count() > 0) std::this_thread::sleep_for(pause);
    const auto begin = Clock::now();
    round_trip(fd, question, buffer);
    const std::chrono::duration<double> took = Clock::now() - begin;
    busy_s += took.count();
    times_us.push_back(took.count() * 1e6);
  }
  std::ranges::sort(times_us);
  const double megabytes = 2.0 * static_cast<double>(size * count) / 1e6;
  std::printf("{\"p50_us\": %.1f, \"p99_us\": %.1f, \"mb_s\": %.1f}\n", times_us[count / 2],
              times_us[count * 99 / 100], megabytes / busy_s);
  return 0;
}

int idle(int port, int count) {
  const rlimit files{.rlim_cur = 65'536, .rlim_max = 65'536};
  ::setrlimit(RLIMIT_NOFILE, &files);
  std::vector<int> connections;
  for (int i = 0; i < count; ++i) connections.push_back(connect_to(port));
  wait_for_line();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 5 && words[0] == "rounds") {
    return rounds(std::stoi(words[1]), std::stoul(words[2]), std::stoul(words[3]),
                  std::chrono::microseconds(std::stol(words[4])));
  }
  if (words.size() == 3 && words[0] == "idle")
    return idle(std::stoi(words[1]), std::stoi(words[2]));
  std::fprintf(stderr, "usage: load rounds PORT SIZE COUNT PAUSE_US | load idle PORT COUNT\n");
  return 2;
}
