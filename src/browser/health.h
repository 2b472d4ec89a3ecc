// Asks a browser on its pipe at intervals whether it still answers.
#pragma once

#include <functional>
#include <memory>

#include "base/clock.h"
#include "browser/cdp_pipe.h"
#include "net/task.h"

namespace pbaas::browser {

struct HealthSpec {
  Duration interval{10'000};
  int misses_max = 3;
};

// Watches until it is destroyed, the pipe closes, or the browser is hung, which it tells once: it
// then left `misses_max` questions in a row unanswered. Loop only.
class HealthWatch {
 public:
  HealthWatch(net::Loop& loop, const Clock& clock, std::shared_ptr<CdpPipe> pipe, HealthSpec spec,
              std::function<void()> on_hung);
  ~HealthWatch();
  HealthWatch(const HealthWatch&) = delete;
  HealthWatch& operator=(const HealthWatch&) = delete;

 private:
  struct Watch;
  static net::Task<void> run(std::shared_ptr<Watch> watch);

  std::shared_ptr<Watch> watch_;  // Shared with the task, which ends a turn of the loop later.
};

}  // namespace pbaas::browser
