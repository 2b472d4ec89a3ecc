#include "worker/slots.h"

namespace pbaas::worker {

Slot::~Slot() {
  if (slots_ != nullptr) --slots_->used_;
}

std::optional<Slot> Slots::take() {
  if (used_ >= capacity_) return std::nullopt;
  ++used_;
  return Slot(this);
}

}  // namespace pbaas::worker
