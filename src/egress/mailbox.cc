#include "egress/mailbox.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace pbaas::egress {

Mailbox::Mailbox() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!wake_.valid()) throw std::system_error(errno, std::generic_category(), "eventfd");
}

void Mailbox::post(Post post) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = posts_.empty();
    posts_.push_back(std::move(post));
  }
  if (first) wake();
}

void Mailbox::wake() {
  // It fails only when the counter is full, and then the thread is awake anyway.
  ::eventfd_write(wake_.get(), 1);
}

std::vector<Post> Mailbox::take() {
  eventfd_t count = 0;
  ::eventfd_read(wake_.get(), &count);
  std::vector<Post> posts;
  const std::lock_guard lock(mutex_);
  posts.swap(posts_);
  return posts;
}

}  // namespace pbaas::egress
