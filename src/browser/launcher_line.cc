#include "browser/launcher_line.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>

#include "base/log.h"

namespace pbaas::browser {

namespace asio = boost::asio;

namespace {
// Until what could not be sent is tried again. Not when the socket is writable: it may be, and the
// kernel take no descriptors at the moment.
constexpr std::chrono::milliseconds kSendAgain{10};
}  // namespace

LauncherLine::LauncherLine(net::Loop& loop, UniqueFd socket)
    : socket_(loop, socket.release()), again_(loop) {
  socket_.non_blocking(true);
}

void LauncherLine::listen() {
  socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                     [self = shared_from_this()](const boost::system::error_code& error) {
                       if (!error && self->socket_.is_open()) self->on_readable();
                     });
}

Result<std::uint64_t> LauncherLine::start(StartOrder order, std::vector<UniqueFd> fds,
                                          BrowserListener& listener) {
  if (!socket_.is_open()) {
    return Error{Fault::kLaunchFailed, "the launcher process died; restart the service"};
  }
  order.id = ++last_id_;
  listeners_[order.id] = &listener;
  send({order.id, to_json(Order(order)), std::move(fds)});
  return order.id;
}

// It is about no browser, whose ids begin with 1.
void LauncherLine::prepare(PrepareOrder order) {
  send({0, to_json(Order(std::move(order))), {}});
}

void LauncherLine::kill(std::uint64_t id) {
  if (listeners_.contains(id)) send({id, to_json(Order(KillOrder{id})), {}});
}

void LauncherLine::leave(std::uint64_t id) {
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  found->second = nullptr;
  kill(id);
}

void LauncherLine::close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
  again_.cancel();
  unsent_.clear();
}

// A kill passes by the starts of others, for which there may be no room for long.
void LauncherLine::send(Unsent packet) {
  if (!socket_.is_open()) return;
  const auto same = [&](const Unsent& each) { return each.id == packet.id; };
  const bool waits = packet.fds.empty() ? std::ranges::any_of(unsent_, same) : !unsent_.empty();
  // A lost peer shows at the next read, which tells everybody.
  if (waits || try_send(packet) == Sent::kNotNow) send_later(std::move(packet));
}

void LauncherLine::send_later(Unsent packet) {
  unsent_.push_back(std::move(packet));
  if (unsent_.size() == 1) send_rest();
}

Sent LauncherLine::try_send(const Unsent& packet) {
  std::vector<int> numbers;
  for (const auto& fd : packet.fds) numbers.push_back(fd.get());
  const auto sent = send_packet(socket_.native_handle(), packet.message, numbers, MSG_DONTWAIT);
  if (sent) return *sent;
  tell(StartFailed{packet.id, sent.error().detail});
  return Sent::kYes;
}

void LauncherLine::send_rest() {
  again_.expires_after(kSendAgain);
  again_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
    if (error || !self->socket_.is_open()) return;
    auto& queue = self->unsent_;
    while (!queue.empty() && self->try_send(queue.front()) != Sent::kNotNow) queue.pop_front();
    if (!queue.empty()) self->send_rest();
  });
}

void LauncherLine::on_readable() {
  const auto self = shared_from_this();  // A listener may drop the last other owner.
  while (socket_.is_open()) {
    Packet packet;
    switch (receive_packet(socket_.native_handle(), packet, MSG_DONTWAIT)) {
      case Received::kNotNow:
        return listen();
      case Received::kPeerGone:
        return lose();
      case Received::kPacket:
        tell(report_from_json(packet.message));
        break;
    }
  }
}

void LauncherLine::tell(const Report& report) {
  const auto id = std::visit([](const auto& each) { return each.id; }, report);
  const auto found = listeners_.find(id);
  if (found == listeners_.end()) return;
  BrowserListener* listener = found->second;
  if (const auto* started = std::get_if<Started>(&report)) {
    if (listener) listener->on_started(started->pid);
    return;
  }
  listeners_.erase(found);
  if (!listener) return;
  if (const auto* failed = std::get_if<StartFailed>(&report)) {
    listener->on_start_failed(failed->detail);
  } else {
    listener->on_gone(std::get<Gone>(report));
  }
}

void LauncherLine::lose() {
  log::error("launcher_process_lost", {{"browsers", listeners_.size()}});
  close();
  while (!listeners_.empty()) {
    BrowserListener* listener = listeners_.begin()->second;
    listeners_.erase(listeners_.begin());
    if (listener) listener->on_line_lost();
  }
}

}  // namespace pbaas::browser
