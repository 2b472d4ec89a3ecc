#include "worker/slots.h"

#include <gtest/gtest.h>

namespace pbaas::worker {
namespace {

TEST(Slots, GivesNoMoreThanItsCapacity) {
  Slots slots(2);
  const auto first = slots.take();
  const auto second = slots.take();
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(slots.take());
}

TEST(Slots, ADestroyedSlotIsFreeAgainWhereverItWasMoved) {
  Slots slots(1);
  {
    auto slot = slots.take();
    const Slot moved(std::move(*slot));
    EXPECT_EQ(slots.used(), 1);
  }
  EXPECT_EQ(slots.used(), 0);
  EXPECT_TRUE(slots.take());
}

}  // namespace
}  // namespace pbaas::worker
