// The program's end of the line to the launcher process: orders go out, reports come in, and each
// report goes to the browser it is about. Shared by the Launcher and its browsers, whichever goes
// last. Loop only.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "base/unique_fd.h"
#include "browser/wire.h"
#include "net/task.h"

namespace pbaas::browser {

// Who is told about one browser. After `on_start_failed`, `on_gone` or `on_line_lost` nothing
// comes.
class BrowserListener {
 public:
  virtual void on_started(pid_t pid) = 0;
  virtual void on_start_failed(const std::string& detail) = 0;
  virtual void on_gone(const Gone& gone) = 0;
  // The launcher process died, and its browsers with it.
  virtual void on_line_lost() = 0;

 protected:
  ~BrowserListener() = default;
};

class LauncherLine : public std::enable_shared_from_this<LauncherLine> {
 public:
  LauncherLine(net::Loop& loop, UniqueFd socket);

  void listen();
  // Gives the browser's id. The listener hears nothing before this returns, but that its command
  // line is too long. Errors: kLaunchFailed.
  Result<std::uint64_t> start(StartOrder order, std::vector<UniqueFd> fds,
                              BrowserListener& listener);
  void prepare(PrepareOrder order);
  void kill(std::uint64_t id);
  // Kills the browser and tells the listener nothing more; it counts as live until it is gone.
  void leave(std::uint64_t id);
  bool is_open() const { return socket_.is_open(); }
  std::size_t live() const { return listeners_.size(); }
  // The launcher process takes the end of the line as the end of the program.
  void close();

 private:
  struct Unsent {
    std::uint64_t id;
    boost::json::object message;
    std::vector<UniqueFd> fds;
  };

  void send(Unsent packet);
  void send_later(Unsent packet);
  Sent try_send(const Unsent& packet);
  void send_rest();
  void on_readable();
  void tell(const Report& report);
  void lose();

  boost::asio::posix::stream_descriptor socket_;
  std::deque<Unsent> unsent_;
  boost::asio::steady_timer again_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, BrowserListener*> listeners_;  // null: left, and not yet gone
};

}  // namespace pbaas::browser
