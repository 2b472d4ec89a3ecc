#include "browser/launch_permits.h"

#include "net/event.h"

namespace pbaas::browser {

struct LaunchPermits::Queue {
  struct Waiter {
    explicit Waiter(net::Loop& loop) : called(loop) {}
    net::Event called;
  };

  void give_back() {
    if (waiting.empty()) {
      ++free;
      return;
    }
    Waiter* next = waiting.front();
    waiting.pop_front();
    next->called.set();
  }

  int free = 0;
  std::list<Waiter*> waiting;
};

namespace {

// Takes a waiter out of the queue if its task ends before it is called, and passes its permit on if
// it was called and its task is cancelled all the same.
template <typename Queue>
class Place {
 public:
  Place(Queue& queue, typename Queue::Waiter& waiter) : queue_(queue), waiter_(waiter) {
    queue_.waiting.push_back(&waiter_);
  }
  ~Place() {
    if (!waiter_.called.is_set()) {
      queue_.waiting.remove(&waiter_);
    } else if (!taken_) {
      queue_.give_back();
    }
  }
  void take() { taken_ = true; }

 private:
  Queue& queue_;
  typename Queue::Waiter& waiter_;
  bool taken_ = false;
};

}  // namespace

LaunchPermits::Permit::~Permit() {
  if (queue_) queue_->give_back();
}

LaunchPermits::LaunchPermits(net::Loop& loop, int count)
    : loop_(loop), queue_(std::make_shared<Queue>()) {
  queue_->free = count;
}

net::Task<std::optional<LaunchPermits::Permit>> LaunchPermits::take(Deadline deadline) {
  const auto queue = queue_;
  if (queue->free > 0) {
    --queue->free;
    co_return Permit(queue);
  }
  Queue::Waiter waiter(loop_);
  Place<Queue> place(*queue, waiter);
  const bool called = co_await waiter.called.wait(deadline);
  if (!called) co_return std::nullopt;
  place.take();
  co_return Permit(queue);
}

}  // namespace pbaas::browser
