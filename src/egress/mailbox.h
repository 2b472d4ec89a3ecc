// What other threads ask of an egress thread. It is owned by the thread and by whoever may still
// post when the thread is gone: sessions that are let go late, and names that are resolved late.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "egress/egress_session.h"
#include "egress/resolver.h"

namespace pbaas::egress {

struct ServePost {
  std::uint64_t session;
  UniqueFd listener;
  EgressSpec spec;
  std::shared_ptr<EgressMeter> meter;
};
struct AssignPost {
  std::uint64_t session;
  EgressSpec spec;
};
struct EndPost {
  std::uint64_t session;
};
struct ResolvedPost {
  std::uint64_t session;
  std::uint64_t connection;
  std::uint64_t query;
  Resolved resolved;
};
using Post = std::variant<ServePost, AssignPost, EndPost, ResolvedPost>;

class Mailbox {
 public:
  // Throws std::system_error where the kernel has no descriptors left.
  Mailbox();

  int wake_fd() const { return wake_.get(); }
  void post(Post post);
  void wake();
  std::vector<Post> take();

 private:
  UniqueFd wake_;
  // Posts are rare beside bytes, and it is held for a push or a swap.
  std::mutex mutex_;
  std::vector<Post> posts_;
};

}  // namespace pbaas::egress
