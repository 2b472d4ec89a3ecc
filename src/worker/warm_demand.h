// Which browsers are worth being kept warm: the plain one at first, then those that creates have
// lately asked for. Pure.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "session/options.h"

namespace pbaas::worker {

// Browsers that are started in the same way, whichever session they are for.
struct WarmKind {
  std::string signature;            // as Launcher::signature gives it for the options
  session::SessionOptions options;  // what one is launched with
};

class WarmDemand {
 public:
  // `count` is how many spares there are to be.
  WarmDemand(WarmKind plain, int count);

  // A create asked for one.
  void note(WarmKind asked);
  // It cannot be had: it is passed over until it is asked for as often again. The plain one stays.
  void forget(const std::string& signature);
  // What the spares should be. `held` are the signatures of those that are there: of two kinds that
  // are asked for about as often the one that is there stays, as each change costs a start.
  std::vector<WarmKind> wanted(const std::vector<std::string>& held) const;

 private:
  struct Asked {
    WarmKind kind;
    int times = 0;  // among those that are remembered
  };
  struct Score;

  void drop_oldest();
  Score score(const Asked& asked, int given, int held) const;

  const std::string plain_;
  const int count_;
  std::map<std::string, Asked> kinds_;
  std::deque<std::string> latest_;  // signatures, oldest first
};

}  // namespace pbaas::worker
