#include "store/fleet_memory.h"

#include "store/fleet_contract.h"

namespace pbaas::store {
namespace {

class MemoryRig {
 public:
  explicit MemoryRig(net::Loop&) {}
  Fleet& fleet() { return fleet_; }

 private:
  MemoryFleet fleet_;
};

INSTANTIATE_TYPED_TEST_SUITE_P(Memory, FleetContract, MemoryRig);

}  // namespace
}  // namespace pbaas::store
