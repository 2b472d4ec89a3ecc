// The queue of creates that wait for a slot. It knows neither slots nor workers: whoever sees
// capacity become free calls `admit`, and the queue says whose turn it is: owners take turns, and
// within one owner whoever waited longest goes first. Owned by the gateway; loop thread only. Pure.
//
// A create uses it like this:
//
//   if (queue.empty()) try Fleet::place, and be done if it gave a slot;
//   auto ticket = queue.join(owner, [&] { event.set(); });      // kQueueFull: 429
//   for (;;) {
//     wait for the event, until the deadline;                    // kNoCapacity: 503
//     try Fleet::place; if it gave a slot: ticket->served(), and be done;
//     ticket->wait_again([&] { next_event.set(); });             // somebody else was quicker
//   }
//
// and the gateway calls `queue.admit(1)` whenever a slot was given back. Leaving by any way, an
// exception of a cancelled task too, destroys the ticket: it leaves the queue, and if it was
// admitted and not served, its turn passes to the next.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/error.h"

namespace pbaas::session {

class AdmissionQueue {
 private:
  class Line;
  struct Place;

 public:
  // A place in the queue. Move-only; destroying it leaves the queue. Tickets and the queue may go
  // in any order.
  class Ticket {
   public:
    Ticket(Ticket&&) noexcept;
    Ticket& operator=(Ticket&&) noexcept;
    ~Ticket();

    // Whether it is this ticket's turn: its holder may try to get a slot.
    bool admitted() const;
    // How many are served before this one if nobody else comes; 0 when admitted, or next.
    std::size_t position() const;
    // The holder got a slot: the ticket is used up, and its turn passes to nobody.
    void served();
    // The holder found no slot after all: back to where it was, first of its owner and its owner
    // first.
    void wait_again(std::function<void()> on_admitted);

   private:
    friend class AdmissionQueue;
    Ticket(std::shared_ptr<Line> line, std::unique_ptr<Place> place);
    void leave();

    // Shared with the queue: tickets live in tasks, which the loop may destroy after the gateway.
    std::shared_ptr<Line> line_;
    std::unique_ptr<Place> place_;
  };

  explicit AdmissionQueue(std::size_t limit);
  ~AdmissionQueue();
  AdmissionQueue(const AdmissionQueue&) = delete;
  AdmissionQueue& operator=(const AdmissionQueue&) = delete;

  // Takes a place at the end of the owner's line. `on_admitted` is called once, from within `admit`
  // or another ticket's destructor; it must do no more than wake the holder. Errors: kQueueFull.
  Result<Ticket> join(const std::string& owner, std::function<void()> on_admitted);
  // Gives the next `count` of those who wait their turn. Returns how many there were.
  std::size_t admit(std::size_t count);

  // Tickets that wait for their turn.
  std::size_t waiting() const;
  // No ticket waits or has its turn: a create may try for a slot without overtaking anybody.
  bool empty() const;

 private:
  std::shared_ptr<Line> line_;
};

}  // namespace pbaas::session
