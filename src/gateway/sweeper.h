// The sweeper ends sessions whose deadline has passed. There is one in every gateway; the fleet
// gives each due session to one of them alone. Loop thread only.
#pragma once

#include "gateway/worker_client.h"
#include "net/task_group.h"
#include "store/fleet.h"

namespace pbaas::gateway {

class Sweeper {
 public:
  Sweeper(net::Loop& loop, const Clock& clock, store::Fleet& fleet, WorkerClient& workers)
      : clock_(clock), fleet_(fleet), workers_(workers), tasks_(loop) {}

  // Runs until cancelled.
  net::Task<void> run();
  // Ends what is due now; what had a message in the meantime gets its new deadline.
  net::Task<void> sweep();

 private:
  net::Task<void> start_sweep();
  net::Task<void> sweep_one(store::SessionPlace place);

  const Clock& clock_;
  store::Fleet& fleet_;
  WorkerClient& workers_;
  net::TaskGroup tasks_;
  bool failing_ = false;  // the fleet was away at the last sweep, and that was said
};

}  // namespace pbaas::gateway
