// An EgressLoop is one thread with its own epoll, and the sessions and connections that live and
// die there. Other threads only post to its mailbox. See net/relay_loop.h, whose pattern this is.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/unique_fd.h"
#include "egress/connection.h"
#include "egress/mailbox.h"
#include "egress/policy.h"
#include "egress/resolver.h"

namespace pbaas::egress {

// What all threads of a pool share; it outlives them.
struct EgressShared {
  const Clock& clock;
  Resolver& resolver;
  EgressPolicy policy;
  EgressLimits limits;
  EgressMeter meter;
  std::atomic<std::size_t> open{0};
};

class EgressLoop final : private ConnectionHome {
 public:
  // `name` is the thread's, at most 15 bytes. Throws std::system_error where the kernel has no
  // descriptors left.
  EgressLoop(const std::string& name, EgressShared& shared);
  // Ends everything at once, and joins.
  ~EgressLoop() override;

  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }
  // Sessions that were given to it and are not gone yet.
  std::size_t sessions() const { return sessions_count_.load(std::memory_order_relaxed); }
  void note_session_given() { sessions_count_.fetch_add(1, std::memory_order_relaxed); }

 private:
  struct Listener;
  struct Member;

  bool watch(Connection& connection, int fd, End end) override;
  void unwatch(int fd) override;
  void resolve(Connection& connection, std::uint64_t query, const std::string& host) override;

  bool add(int fd, std::uint32_t events, std::uint64_t tag);
  void run();
  void dispatch(std::uint64_t tag, std::uint32_t events);
  void handle(ServePost& post);
  void handle(AssignPost& post);
  void handle(EndPost& post);
  void handle(ResolvedPost& post);
  void handle_posts();
  void abort_all(const Listener& listener);
  void accept_all(Listener& listener);
  void adopt(Listener& listener, UniqueFd client);
  void tick_all();
  void set_ticking(bool on);
  void resume_unfinished();
  void note_state(Member& member);
  void bury();
  void remove_member(std::uint64_t id);
  void end_everything();
  EgressTurn turn();

  EgressShared& shared_;
  UniqueFd epoll_;
  UniqueFd ticker_;
  std::shared_ptr<Mailbox> mailbox_;
  std::atomic<std::size_t> sessions_count_{0};
  std::atomic<bool> stopping_{false};

  // The thread's own.
  std::unordered_map<std::uint64_t, std::unique_ptr<Listener>> listeners_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Member>> members_;
  std::vector<Member*> unfinished_;
  // Kept until no event of this round can name them.
  std::vector<std::uint64_t> ended_members_;
  std::vector<std::uint64_t> ended_listeners_;
  std::vector<std::byte> buffer_;
  std::uint64_t round_ = 0;
  std::uint64_t next_member_ = 1;
  Instant now_;
  bool ticking_ = false;

  std::thread thread_;
};

}  // namespace pbaas::egress
