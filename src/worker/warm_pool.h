// The WarmPool has a few browsers started that no session has used, so that a create need not wait
// for one to start. A spare is given away once, to a session that would have had the very same
// browser started. Owned by the worker, whose tasks outlive none of its own: it is destroyed once
// it is stopped and idle. Loop thread only.
#pragma once

#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/metrics.h"
#include "browser/launcher.h"
#include "net/event.h"
#include "net/task_group.h"
#include "worker/warm_demand.h"

namespace pbaas::worker {

struct WarmConfig {
  int count = 0;  // of spares; 0: there are none
  session::SessionOptions plain{};
};

class WarmPool {
 public:
  // `clock`, `launcher` and `metrics` outlive it.
  WarmPool(net::Loop& loop, const Clock& clock, browser::Launcher& launcher, Metrics& metrics,
           const WarmConfig& config);

  // Gives the session a spare that is what it asks for and that answers; null where there is none.
  // One that a cancelled task was about to get is thrown away: nobody knows how far it was given.
  net::Task<std::unique_ptr<browser::Browser>> take(browser::LaunchSpec spec);
  // Ends what nobody asks for any more, and starts one that is missing. To be called a few times a
  // second, while no create starts a browser: a create comes first.
  void refill();
  // Ends all of them; none is started any more.
  void stop();

  int ready() const { return static_cast<int>(spares_.size()); }
  int starting() const { return starting_ ? 1 : 0; }
  // Nothing of its own is under way.
  bool idle() const { return tasks_.running() == 0; }

 private:
  struct Spare {
    std::string signature;
    std::unique_ptr<browser::Browser> browser;
    Instant ready_at;
  };
  using Spares = std::list<Spare>;
  // The one start that is under way.
  struct Starting {
    Starting(net::Loop& loop, std::string its_signature)
        : signature(std::move(its_signature)), over(loop), ended(loop) {}
    const std::string signature;
    bool is_awaited = false;  // by a create that has none otherwise
    net::Event over;          // it is not wanted any more
    net::Event ended;
  };
  // A kind that is not started for a while.
  struct Bench {
    int failures = 0;  // in a row
    Instant until{};
  };
  using Launched = std::optional<Result<std::unique_ptr<browser::Browser>>>;

  std::vector<std::string> held() const;
  std::unique_ptr<browser::Browser> take_out(const std::string& signature);
  net::Task<std::unique_ptr<browser::Browser>> take_well(std::string signature);
  net::Task<bool> wait_for_start(std::string signature);
  void give_way();
  bool is_benched(const std::string& signature) const;
  void end_old(Instant now);
  // Ends those that are not among the wanted, and leaves of these what is missing.
  void end_unwanted(std::vector<WarmKind>& wanted);
  net::Task<void> start(WarmKind kind, std::shared_ptr<Starting> starting);
  net::Task<void> launch(const WarmKind& kind, Launched& launched);
  net::Task<void> until_over(std::shared_ptr<Starting> starting);
  void keep(std::string signature, std::unique_ptr<browser::Browser> browser);
  // One of this kind did not start, or died unused: others are started in the meantime.
  void pass_over(const std::string& signature);
  void count_ended(const char* why);

  const Clock& clock_;
  browser::Launcher& launcher_;
  Metrics& metrics_;
  const int count_;
  WarmDemand demand_;
  Spares spares_;  // those to be had, the oldest first
  std::shared_ptr<Starting> starting_;
  std::map<std::string, Bench> benched_;  // by signature
  bool stopped_ = false;
  Instant not_before_{};
  net::Loop& loop_;
  net::TaskGroup tasks_;
};

}  // namespace pbaas::worker
