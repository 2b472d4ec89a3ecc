// The program's end of the line to a browser's init (session_init.h): news of Chromium come in, and
// sockets made inside its network namespace, one for each client. Shared by the browser and by
// dialers, which may outlive it. Loop only.
#pragma once

#include <sys/types.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <deque>
#include <functional>
#include <memory>

#include "base/error.h"
#include "base/unique_fd.h"
#include "browser/session_init.h"
#include "net/byte_stream.h"
#include "net/event.h"
#include "net/task.h"

namespace pbaas::browser {

struct InitNews {
  InitSays says{};
  int value = 0;
  pid_t sender = 0;  // as seen from here
  UniqueFd fd;
};

class InitLine : public std::enable_shared_from_this<InitLine> {
 public:
  // Called with everything but sockets.
  using OnNews = std::function<void(InitNews)>;

  InitLine(net::Loop& loop, UniqueFd socket, OnNews on_news);

  void listen();
  // Connects from inside of the namespace to its loopback. Errors: kBrowserUnreachable.
  net::Task<Result<net::ByteStream>> dial(int port);
  // Tells what has come already. For when the browser has ended.
  void finish();
  // Who waits for a socket gets an error; nothing is told any more. The init takes it as the end of
  // the program, and ends.
  void close();

 private:
  struct Waiter {
    explicit Waiter(net::Loop& loop) : served(loop) {}
    net::Event served;
    UniqueFd socket;
  };

  // Gives false where there is nothing to read now.
  bool read_one();
  void take_socket(UniqueFd socket);
  bool want_socket();

  net::Loop& loop_;
  boost::asio::posix::stream_descriptor control_;
  OnNews on_news_;
  std::deque<UniqueFd> sockets_;
  std::deque<std::weak_ptr<Waiter>> waiters_;
};

}  // namespace pbaas::browser
