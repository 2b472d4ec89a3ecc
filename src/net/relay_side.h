// A RelaySide is one of a relay's two sockets: what is known of its readiness, and the bytes it has
// not taken yet. Nothing blocks. It lives on its relay's thread, which must report every event of
// an edge-triggered epoll to note(), because a side forgets readiness only when the kernel says so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/unique_fd.h"

namespace pbaas::net {

class RelaySide {
 public:
  explicit RelaySide(UniqueFd fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }
  // `events` as of epoll_wait.
  void note(std::uint32_t events);

  bool can_read() const { return readable_ && !ended_; }
  // Reads once; 0 when there is nothing now, or nothing ever again.
  std::size_t read(std::span<std::byte> into);
  // Its last byte has been read, or it is broken.
  bool ended() const { return ended_; }
  // It ended by an error, so that what was read may not be all.
  bool failed() const { return failed_; }
  // It takes no more; what is written to it is lost.
  bool broken() const { return broken_; }
  // It has said that it sends no more, though not all may have been read.
  bool hung_up() const { return hung_up_; }

  // Sends what the socket takes and keeps the rest; gives the number sent now.
  std::size_t write(std::span<const std::byte> bytes);
  // Sends of what was kept; gives the number sent.
  std::size_t flush();
  // Nothing is kept, so that more may be read for it.
  bool clear() const { return stash_.empty(); }
  std::size_t stashed_bytes() const { return stash_.size() - stash_begin_; }

  // The other end sees that no more comes.
  void shut_writing();
  // The other end sees that nobody is here; the descriptor stays until destruction, so that no
  // event of it can be taken for another's.
  void shut();

 private:
  std::size_t send_once(std::span<const std::byte> bytes);
  void drop_stash();

  UniqueFd fd_;
  // Allocated only while the other end is slow.
  std::vector<std::byte> stash_;
  std::size_t stash_begin_ = 0;
  bool readable_ = true;  // A first read may find nothing, which costs one call in its life.
  bool writable_ = true;
  bool hung_up_ = false;
  bool urgent_ = false;  // It has sent urgent data, and may again.
  bool ended_ = false;
  bool failed_ = false;
  bool broken_ = false;
};

}  // namespace pbaas::net
