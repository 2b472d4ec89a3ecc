#include "net/relay_side.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>

namespace pbaas::net {

void RelaySide::note(std::uint32_t events) {
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) hung_up_ = true;
  if ((events & EPOLLPRI) != 0) urgent_ = true;
  if ((events & (EPOLLIN | EPOLLPRI)) != 0 || hung_up_) readable_ = true;
  if ((events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0) writable_ = true;
}

std::size_t RelaySide::read(std::span<std::byte> into) {
  for (;;) {
    const ssize_t got = ::recv(fd_.get(), into.data(), into.size(), MSG_DONTWAIT);
    if (got > 0) {
      const auto size = static_cast<std::size_t>(got);
      // Less than asked for means a stream socket is drained, epoll(7); what comes later is a new
      // edge. After a hang-up there is no new edge, so the end itself must be read. Of urgent data
      // a read gives only what is before its mark, tcp(7), so a short one means nothing there.
      if (size < into.size() && !hung_up_ && !urgent_) readable_ = false;
      return size;
    }
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      readable_ = false;
      return 0;
    }
    ended_ = true;
    failed_ = got < 0;
    return 0;
  }
}

std::size_t RelaySide::write(std::span<const std::byte> bytes) {
  if (broken_ || bytes.empty()) return 0;
  std::size_t sent = 0;
  if (clear() && writable_) sent = send_once(bytes);
  if (!broken_) stash_.insert(stash_.end(), bytes.begin() + sent, bytes.end());
  return sent;
}

std::size_t RelaySide::flush() {
  if (clear() || !writable_) return 0;
  const std::size_t sent = send_once(std::span(stash_).subspan(stash_begin_));
  stash_begin_ += sent;
  if (broken_ || stash_begin_ == stash_.size()) drop_stash();
  return sent;
}

std::size_t RelaySide::send_once(std::span<const std::byte> bytes) {
  for (;;) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
      broken_ = true;
      return 0;
    }
    const std::size_t size = sent < 0 ? 0 : static_cast<std::size_t>(sent);
    if (size < bytes.size()) writable_ = false;
    return size;
  }
}

void RelaySide::drop_stash() {
  // Assignment of a new vector gives the memory back, which clear() would keep.
  stash_ = std::vector<std::byte>();
  stash_begin_ = 0;
}

void RelaySide::shut_writing() {
  ::shutdown(fd_.get(), SHUT_WR);
}

void RelaySide::shut() {
  ::shutdown(fd_.get(), SHUT_RDWR);
  ended_ = true;
  broken_ = true;
  drop_stash();
}

}  // namespace pbaas::net
