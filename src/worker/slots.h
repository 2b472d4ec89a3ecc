// A Slot is one browser's worth of room on this worker. Holding it is the permission to start;
// destroying it gives the room back and says so. Move-only. Loop thread only.
#pragma once

#include <optional>
#include <utility>

namespace pbaas::worker {

class Slots;

class Slot {
 public:
  Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot();

 private:
  friend class Slots;
  explicit Slot(Slots* slots) : slots_(slots) {}
  Slots* slots_;
};

// Outlives its slots.
class Slots {
 public:
  explicit Slots(int capacity) : capacity_(capacity) {}

  // None when all are taken.
  std::optional<Slot> take();
  int capacity() const { return capacity_; }
  int used() const { return used_; }

 private:
  friend class Slot;
  int capacity_;
  int used_ = 0;
};

}  // namespace pbaas::worker
