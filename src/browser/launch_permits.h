// Permits to start a browser, given in order of asking: more starts at once than the machine has
// cores for only make each slower. Loop only.
#pragma once

#include <list>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "net/task.h"

namespace pbaas::browser {

class LaunchPermits {
  struct Queue;

 public:
  // Holding it is the permission; destroying it lets the next in the queue start. Move-only.
  class Permit {
   public:
    explicit Permit(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}
    Permit(Permit&&) noexcept = default;
    Permit& operator=(Permit&&) = delete;
    ~Permit();

   private:
    std::shared_ptr<Queue> queue_;
  };

  LaunchPermits(net::Loop& loop, int count);

  // Nothing where the deadline passes first. A cancelled task leaves the queue by exception.
  net::Task<std::optional<Permit>> take(Deadline deadline);

 private:
  net::Loop& loop_;
  std::shared_ptr<Queue> queue_;  // Shared with the permits, which may outlive this.
};

}  // namespace pbaas::browser
