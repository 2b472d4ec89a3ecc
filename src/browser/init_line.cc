#include "browser/init_line.h"

#include <sys/socket.h>

#include <cerrno>
#include <span>
#include <string>

#include "base/passed_fds.h"
#include "net/connect.h"

namespace pbaas::browser {

namespace asio = boost::asio;

namespace {

constexpr Duration kSocketMax{10'000};
constexpr std::size_t kSocketsKept = 4;

Error unreachable(std::string why) {
  return {Fault::kBrowserUnreachable, std::move(why)};
}

}  // namespace

InitLine::InitLine(net::Loop& loop, UniqueFd socket, OnNews on_news)
    : loop_(loop), control_(loop, socket.release()), on_news_(std::move(on_news)) {
  control_.non_blocking(true);
  // Says who sent a packet, by its number outside of the namespace.
  const int on = 1;
  ::setsockopt(control_.native_handle(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

void InitLine::listen() {
  control_.async_wait(asio::posix::stream_descriptor::wait_read,
                      [self = shared_from_this()](const boost::system::error_code& error) {
                        if (error) return;
                        self->finish();
                        if (self->control_.is_open()) self->listen();
                      });
}

void InitLine::finish() {
  const auto self = shared_from_this();  // Who is told may drop the last other owner.
  while (control_.is_open() && read_one()) {
  }
}

bool InitLine::read_one() {
  InitMessage message;
  auto passed = receive_passed(control_.native_handle(),
                               std::as_writable_bytes(std::span(&message, 1)), MSG_DONTWAIT);
  if (passed.bytes < 0 && errno == EAGAIN) return false;
  if (passed.bytes != sizeof message) return close(), false;
  InitNews news{message.says, message.value, passed.sender, {}};
  if (!passed.fds.empty()) news.fd = std::move(passed.fds.front());
  if (news.says == InitSays::kSocket) {
    take_socket(std::move(news.fd));
  } else if (on_news_) {
    const auto tell = on_news_;  // Whoever is told may close the line.
    tell(std::move(news));
  }
  return true;
}

// One that was lost on its way, for want of descriptors, is the wait's end all the same.
void InitLine::take_socket(UniqueFd socket) {
  while (!waiters_.empty()) {
    const auto waiter = waiters_.front().lock();
    waiters_.pop_front();
    if (!waiter) continue;
    waiter->socket = std::move(socket);
    return waiter->served.set();
  }
  // More than these come where somebody gave up waiting.
  if (socket.valid() && sockets_.size() < kSocketsKept) sockets_.push_back(std::move(socket));
}

bool InitLine::want_socket() {
  return ::send(control_.native_handle(), &kWantSocket, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

net::Task<Result<net::ByteStream>> InitLine::dial(int port) {
  const auto self = shared_from_this();
  if (!control_.is_open()) co_return unreachable("the browser has ended");
  if (!want_socket()) co_return unreachable("the browser takes no more connections now");
  UniqueFd socket;
  if (!sockets_.empty()) {
    socket = std::move(sockets_.front());
    sockets_.pop_front();
  } else {
    const auto waiter = std::make_shared<Waiter>(loop_);
    waiters_.push_back(waiter);
    const SystemClock clock;
    const auto due = Deadline::after(clock, kSocketMax);
    co_await waiter->served.wait(due);
    socket = std::move(waiter->socket);
  }
  if (!socket.valid()) co_return unreachable("the browser gave no connection");
  auto connecting = net::connect_with(std::move(socket), "127.0.0.1", port);
  co_return co_await std::move(connecting);
}

void InitLine::close() {
  boost::system::error_code ignored;
  control_.close(ignored);
  on_news_ = nullptr;
  sockets_.clear();
  for (const auto& each : std::exchange(waiters_, {})) {
    if (const auto waiter = each.lock()) waiter->served.set();
  }
}

}  // namespace pbaas::browser
