// A PostgreSQL of a test binary's own: made once in a temporary folder, run as a user that is not
// root, reached by a socket in that folder alone, with fsync on. It can be stopped, killed, frozen
// and started again, and it ends with the binary.
#pragma once

#include <dirent.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/temp_folder.h"

namespace pbaas::support {

class PostgresServer {
 public:
  static constexpr const char* kPassword = "secret-of-the-test";

  explicit PostgresServer(const std::filesystem::path& parent) : folder_(parent) {
    if (const passwd* user = ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr) {
      if (::chown(folder_.path().c_str(), user->pw_uid, user->pw_gid) != 0)
        throw std::runtime_error("no folder for PostgreSQL");
    }
    run_to_end({binary("initdb"), "-D", data(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                "--no-locale", "--no-sync", "--no-instructions"});
    // One role needs a password, so that a test can have a wrong one.
    std::ofstream(data() + "/pg_hba.conf")
        << "local all keyholder scram-sha-256\nlocal all all trust\n";
    start();
    execute(url(), std::string("CREATE ROLE keyholder LOGIN PASSWORD '") + kPassword + "'");
  }
  ~PostgresServer() { stop(); }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  std::string url(const std::string& database = "postgres",
                  const std::string& user = "postgres") const {
    return "postgresql://" + user + "@/" + database + "?host=" + folder_.path().string();
  }

  // An empty database of its own for a test.
  std::string new_database() {
    const std::string name = "test" + std::to_string(++databases_);
    execute(url(), "CREATE DATABASE " + name);
    return url(name);
  }

  void start() {
    if (pid_ > 0) return;
    pid_ = spawn({binary("postgres"), "-D", data(), "-k", folder_.path().string(), "-c",
                  "listen_addresses=", "-c", "max_connections=40", "-c", "shared_buffers=64MB",
                  "-c", "log_min_messages=fatal"});
    for (int tries = 0; PQping(url().c_str()) != PQPING_OK; ++tries) {
      if (tries > 3000) throw std::runtime_error("PostgreSQL does not start");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  // As an administrator stops it: connections are cut, and all is written.
  void stop() { end(SIGINT); }
  // As a machine loses it.
  void crash() { end(SIGQUIT); }
  // As a machine that hangs: connections stay, and nothing is answered.
  void freeze() { signal_all(SIGSTOP); }
  void thaw() { signal_all(SIGCONT); }

  // Rows of text, NULL as the empty one.
  static std::vector<std::vector<std::string>> execute(const std::string& url,
                                                       const std::string& sql) {
    PGconn* connection = PQconnectdb(url.c_str());
    PGresult* result = PQexec(connection, sql.c_str());
    const auto status = PQresultStatus(result);
    std::vector<std::vector<std::string>> rows(static_cast<std::size_t>(PQntuples(result)));
    for (std::size_t row = 0; row < rows.size(); ++row) {
      for (int column = 0; column < PQnfields(result); ++column)
        rows[row].emplace_back(PQgetvalue(result, static_cast<int>(row), column));
    }
    const std::string problem = PQerrorMessage(connection);
    PQclear(result);
    PQfinish(connection);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) throw std::runtime_error(problem);
    return rows;
  }

 private:
  std::string data() const { return folder_.file("data"); }

  static std::string binary(const std::string& name) {
    std::string newest;
    for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
      const std::string path = version.path() / "bin" / name;
      if (std::filesystem::exists(path)) newest = std::max(newest, path);
    }
    if (newest.empty()) throw std::runtime_error("PostgreSQL is not installed: scripts/setup test");
    return newest;
  }

  static pid_t spawn(std::vector<std::string> command) {
    // PostgreSQL refuses root. It gets a signal when this process goes, however it does.
    std::vector<std::string> full{"setpriv", "--pdeathsig=SIGQUIT"};
    if (::geteuid() == 0) {
      for (const char* word : {"--reuid=postgres", "--regid=postgres", "--init-groups"})
        full.emplace_back(word);
    }
    full.insert(full.end(), command.begin(), command.end());
    std::vector<char*> words;
    for (auto& word : full) words.push_back(word.data());
    words.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    if (!std::freopen("/dev/null", "w", stdout) || !std::freopen("/dev/null", "w", stderr))
      _exit(126);
    if (::chdir("/") != 0) _exit(126);
    ::execvp(words[0], words.data());
    _exit(127);
  }

  static void run_to_end(std::vector<std::string> command) {
    const std::string name = command.front();
    int status = 0;
    if (::waitpid(spawn(std::move(command)), &status, 0) < 0 || status != 0)
      throw std::runtime_error(name + " failed");
  }

  void end(int signal) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  // The server's processes are in sessions of their own, so the signal goes to each.
  void signal_all(int signal) {
    ::kill(pid_, signal);
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream stat(entry.path() / "stat");
      std::string pid, name, state, parent;
      if (stat >> pid >> name >> state >> parent && parent == std::to_string(pid_))
        ::kill(std::stoi(pid), signal);
    }
  }

  TempFolder folder_;
  pid_t pid_ = 0;
  int databases_ = 0;
};

// One for the whole binary, made when a test first asks for it, and running.
inline PostgresServer& postgres_server() {
  // In memory where that can be: fsync is on all the same, and a busy disk slows no test down.
  static PostgresServer server(std::filesystem::exists("/dev/shm")
                                   ? std::filesystem::path("/dev/shm")
                                   : std::filesystem::temp_directory_path());
  server.start();
  return server;
}

}  // namespace pbaas::support
