#include "browser/binaries.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstring>
#include <sstream>
#include <string_view>

#include "base/unique_fd.h"

namespace pbaas::browser {
namespace {

using session::BrowserKind;

constexpr std::chrono::milliseconds kVersionTime{10'000};
constexpr std::size_t kVersionBytesMax = 1024;

std::vector<std::string> names_of(BrowserKind kind) {
  switch (kind) {
    case BrowserKind::kHeadlessShell:
      return {"chromium-headless-shell", "chrome-headless-shell", "headless_shell"};
    case BrowserKind::kChromium:
      return {"chromium", "chromium-browser", "chrome", "google-chrome", "google-chrome-stable"};
  }
  return {};
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

// Reads to the end or the deadline; gives whether the end came.
bool read_all(int fd, std::string& text) {
  const auto end = std::chrono::steady_clock::now() + kVersionTime;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    pollfd ready{fd, POLLIN, 0};
    if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) != 1) return false;
    std::array<char, 512> buffer;
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got <= 0) return true;
    if (text.size() < kVersionBytesMax) text.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Result<pid_t> start_version(const std::string& program, int output) {
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, output, 1);
  ::posix_spawn_file_actions_adddup2(&actions, output, 2);
  std::string name = program;
  char flag[] = "--version";
  char home[] = "HOME=/nonexistent";
  char* argv[] = {name.data(), flag, nullptr};
  char* environment[] = {home, nullptr};
  pid_t pid = 0;
  const int error = ::posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return Error{Fault::kLaunchFailed, program + " does not start: " + std::strerror(error)};
}

}  // namespace

Status check_program(const std::string& path) {
  struct stat facts{};
  if (::stat(path.c_str(), &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return Error{Fault::kLaunchFailed, path + " is no file; give the path of a Chromium program"};
  }
  if (::access(path.c_str(), X_OK) != 0) {
    return Error{Fault::kLaunchFailed, path + " may not be executed; check its permissions"};
  }
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4> magic{};
  const bool was_read = ::read(file.get(), magic.data(), magic.size()) == ssize_t{4};
  if (was_read && std::string_view(magic.data(), 4) ==
                      "\x7f"
                      "ELF")
    return {};
  return Error{Fault::kLaunchFailed,
               path + " is a script around Chromium, not Chromium itself; give the path of the " +
                   "program, such as /usr/lib/chromium/chromium"};
}

std::vector<std::string> usual_places(BrowserKind kind, const std::string& search_path) {
  std::vector<std::string> folders{"/usr/lib/chromium",
                                   "/usr/lib/chromium-browser",
                                   "/usr/lib64/chromium-browser",
                                   "/opt/google/chrome",
                                   "/opt/chromium",
                                   "/opt/chrome",
                                   "/opt/chrome-headless-shell-linux64",
                                   "/opt/chrome-linux64",
                                   "/opt/chrome-linux",
                                   "/opt/chrome-headless-shell"};
  std::istringstream path(search_path);
  for (std::string folder; std::getline(path, folder, ':');) {
    if (folder.starts_with('/')) folders.push_back(folder);
  }
  std::vector<std::string> places;
  for (const auto& folder : folders) {
    for (const auto& name : names_of(kind)) places.push_back(folder + "/" + name);
  }
  return places;
}

std::string find_program(BrowserKind kind, const std::string& search_path) {
  for (const auto& place : usual_places(kind, search_path)) {
    if (check_program(place)) return place;
  }
  return {};
}

Result<std::string> version_of(const std::string& program) {
  if (const auto is_program = check_program(program); !is_program) return is_program.error();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return Error{Fault::kLaunchFailed, std::string("cannot make a pipe: ") + std::strerror(errno)};
  }
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  const auto pid = start_version(program, writing.get());
  if (!pid) return pid.error();
  writing.reset();
  std::string text;
  if (!read_all(reading.get(), text)) ::kill(*pid, SIGKILL);
  int status = 0;
  ::waitpid(*pid, &status, 0);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return trimmed(text);
  return Error{Fault::kLaunchFailed, program + " --version failed: " + trimmed(text)};
}

}  // namespace pbaas::browser
