// A real S3 server, Ceph's radosgw, for the tests of one program: started at the first use by
// tests/support/python/radosgw.py, which ends with this process, however it ends. A test that needs
// it fails where it cannot start: `scripts/setup test` installs it.
#pragma once

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/json/parse.hpp>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "base/unique_fd.h"

namespace pbaas::support {

class Radosgw {
 public:
  static Radosgw& shared() {
    static Radosgw server;
    return server;
  }
  ~Radosgw() {
    to_.reset();  // The end of its input is what ends it.
    int status = 0;
    waitpid(pid_, &status, 0);
  }
  Radosgw(const Radosgw&) = delete;
  Radosgw& operator=(const Radosgw&) = delete;

  const std::string& endpoint() const { return endpoint_; }
  int port() const { return std::stoi(endpoint_.substr(endpoint_.rfind(':') + 1)); }
  const std::string& access_key() const { return access_key_; }
  const std::string& secret_key() const { return secret_key_; }

  // Of the gateway alone; what is stored stays.
  void kill() { tell("kill\n"); }
  void start() { tell("start\n"); }
  void pause() { tell("pause\n"); }
  void resume() { tell("resume\n"); }

 private:
  Radosgw() {
    std::array<int, 2> to{};
    std::array<int, 2> from{};
    if (pipe2(to.data(), O_CLOEXEC) != 0 || pipe2(from.data(), O_CLOEXEC) != 0)
      throw std::runtime_error("no pipe");
    to_ = UniqueFd(to[1]);
    from_ = UniqueFd(from[0]);
    const UniqueFd its_input(to[0]);
    const UniqueFd its_output(from[1]);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(its_input.get(), STDIN_FILENO);
      dup2(its_output.get(), STDOUT_FILENO);
      execl("/usr/bin/python3", "python3", PBAAS_RADOSGW_SCRIPT, static_cast<char*>(nullptr));
      _exit(127);
    }
    read_description();
  }

  void read_description() {
    const auto line = read_line();
    const auto said = line.empty() ? boost::json::object{{"error", "it ended at once"}}
                                   : boost::json::parse(line).as_object();
    if (const auto* error = said.if_contains("error"))
      throw std::runtime_error("radosgw did not start: " + std::string(error->as_string()));
    endpoint_ = said.at("endpoint").as_string();
    access_key_ = said.at("access_key").as_string();
    secret_key_ = said.at("secret_key").as_string();
  }

  std::string read_line() const {
    std::string line;
    char c = 0;
    while (read(from_.get(), &c, 1) == 1 && c != '\n') line.push_back(c);
    return line;
  }

  void tell(const std::string& what) const {
    const auto written = write(to_.get(), what.data(), what.size());
    if (written != static_cast<ssize_t>(what.size()) || read_line() != "done")
      throw std::runtime_error("radosgw did not do: " + what);
  }

  pid_t pid_ = -1;
  UniqueFd to_;
  UniqueFd from_;
  std::string endpoint_;
  std::string access_key_;
  std::string secret_key_;
};

}  // namespace pbaas::support
