// A Redis server of a test's own: on a free port of loopback, with nothing on disk, gone with the
// test. It can be stopped, killed, started again empty and frozen.
#pragma once

#include <arpa/inet.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_folder.h"

namespace pbaas::support {

class RedisServer {
 public:
  explicit RedisServer(std::string password = {}) : password_(std::move(password)) {
    // Somebody else may take the port between finding it free and using it.
    for (int attempt = 0; attempt < 5; ++attempt) {
      port_ = free_port();
      if (try_start()) return;
    }
    throw std::runtime_error("redis-server does not start; is it installed?");
  }
  ~RedisServer() { end(SIGKILL); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  int port() const { return port_; }
  const std::string& password() const { return password_; }

  void stop() { end(SIGTERM); }
  void kill() { end(SIGKILL); }
  // Again, on the same port, with nothing in it.
  void start() {
    if (!try_start()) throw std::runtime_error("redis-server does not start again");
  }
  void freeze() { ::kill(pid_, SIGSTOP); }
  void thaw() { ::kill(pid_, SIGCONT); }

  // The answer to one command, as Redis writes it, up to the end of its first line; "" if there is
  // none.
  std::string ask(const std::string& command) const {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const timeval limit{5, 0};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const sockaddr_in address = loopback(port_);
    std::string answer;
    if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
      if (!password_.empty()) exchange(socket, "AUTH " + password_);
      answer = exchange(socket, command);
    }
    ::close(socket);
    return answer;
  }

 private:
  static sockaddr_in loopback(int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }

  static int free_port() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
  }

  static std::string exchange(int socket, const std::string& command) {
    const std::string line = command + "\r\n";
    if (::send(socket, line.data(), line.size(), MSG_NOSIGNAL) < 0) return "";
    std::string answer;
    for (char c = 0; ::recv(socket, &c, 1, 0) == 1 && c != '\n';) {
      if (c != '\r') answer += c;
    }
    return answer;
  }

  std::vector<std::string> command_line() const {
    std::vector<std::string> words{"redis-server",
                                   "--port",
                                   std::to_string(port_),
                                   "--bind",
                                   "127.0.0.1",
                                   "--save",
                                   "",
                                   "--appendonly",
                                   "no",
                                   "--dir",
                                   folder_.path().string(),
                                   "--logfile",
                                   folder_.file("redis.log")};
    if (!password_.empty()) words.insert(words.end(), {"--requirepass", password_});
    return words;
  }

  bool try_start() {
    auto words = command_line();
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::execvp(arguments[0], arguments.data());
      ::_exit(127);
    }
    return answers();
  }

  bool answers() {
    const auto by = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < by) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
      if (ask("PING") == "+PONG") return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    if (pid_ > 0) end(SIGKILL);
    return false;
  }

  void end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::kill(pid_, SIGCONT);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

  TempFolder folder_;
  const std::string password_;
  int port_ = 0;
  pid_t pid_ = -1;
};

}  // namespace pbaas::support
