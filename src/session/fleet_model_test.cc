// Every order in which the fleet's messages, crashes, delays and repeats can happen, to a depth.
#include "session/fleet_model.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace pbaas::session::model {
namespace {

// Once the faults have stopped: a browser whose row has ended is closed with the next comparison,
// and a session ends by its deadline, or when its run was missing for long enough to be called
// lost.
constexpr std::size_t kStatesMax = 2'000'000;  // 1 GB
constexpr int kOrphanRoundsMax = 2;
constexpr int kOpenRoundsMax = 12;

const char* name(Step::Kind kind) {
  static constexpr const char* kNames[] = {"tick",
                                           "round",
                                           "deliver",
                                           "create",
                                           "abandon",
                                           "read",
                                           "judge",
                                           "sweep",
                                           "compare",
                                           "restart",
                                           "restart, no log",
                                           "heal",
                                           "deliver twice",
                                           "crash worker",
                                           "crash gateway",
                                           "cut worker from Redis",
                                           "cut gateway from worker",
                                           "stop Redis",
                                           "flush Redis"};
  return kNames[static_cast<int>(kind)];
}

// How the world goes on without faults, remembered for every world met on the way.
class Calm {
 public:
  struct Rounds {
    int until_no_orphan = 0;
    int until_closed = 0;
  };

  Rounds from(World world) {
    std::vector<std::pair<std::string, World>> path;
    Rounds after;
    while (!world.finished() && path.size() <= 2 * kOpenRoundsMax) {
      auto key = world.key().substr(1);  // without the faults that are left
      if (const auto known = known_.find(key); known != known_.end()) {
        after = known->second;
        break;
      }
      path.emplace_back(std::move(key), world);
      world.heal();
      world.round();
    }
    for (auto each = path.rbegin(); each != path.rend(); ++each) after = before(*each, after);
    return after;
  }

 private:
  Rounds before(const std::pair<std::string, World>& each, Rounds after) {
    const bool orphan = each.second.has_browser_without_row();
    if (orphan || after.until_no_orphan > 0) ++after.until_no_orphan;
    if (each.second.row_open() || after.until_closed > 0) ++after.until_closed;
    known_.emplace(each.first, after);
    return after;
  }

  std::unordered_map<std::string, Rounds> known_;
};

struct Found {
  std::size_t states = 0;
  std::string broken;  // the promise, and the steps that break it
};

class Search {
 public:
  Search(World begin, int depth) : depth_(depth) { visit(std::move(begin), -1, Step::Kind::kTick); }

  Found run() {
    for (int depth = 0; depth < depth_ && broken_.empty(); ++depth) {
      auto level = std::move(next_);
      next_.clear();
      for (auto& [node, world] : level) expand(node, world);
    }
    return {nodes_.size(), broken_};
  }

 private:
  struct Node {
    int parent;
    Step::Kind step;
  };

  void expand(int node, const World& world) {
    for (const auto& step : world.possible()) {
      if (!broken_.empty() || nodes_.size() > kStatesMax) return;
      auto after = world;
      after.take(step);
      visit(std::move(after), node, step.kind);
    }
  }

  void visit(World world, int parent, Step::Kind step) {
    if (!world.broken() && !seen_.insert(world.key()).second) return;
    nodes_.push_back({parent, step});
    if (world.broken()) return report(world.broken());
    const auto calm = calm_.from(world);
    if (calm.until_no_orphan > kOrphanRoundsMax) return report("a browser outlives its row");
    if (calm.until_closed > kOpenRoundsMax) return report("a session never ends");
    if (!world.finished())
      next_.emplace_back(static_cast<int>(nodes_.size()) - 1, std::move(world));
  }

  void report(const char* promise) {
    std::string steps;
    for (int node = static_cast<int>(nodes_.size()) - 1; node > 0;
         node = nodes_[static_cast<std::size_t>(node)].parent)
      steps = std::string(name(nodes_[static_cast<std::size_t>(node)].step)) + ", " + steps;
    broken_ = std::string(promise) + " after: " + steps;
  }

  int depth_;
  Calm calm_;
  std::unordered_set<std::string> seen_;
  std::vector<Node> nodes_;
  std::vector<std::pair<int, World>> next_;
  std::string broken_;
};

// Nothing has happened yet; or the session runs, which leaves more of the depth to its end; or it
// runs and the first gateway is new, and has seen nothing of it.
enum class Begin { kNew, kRunning, kNewGateway };

World begin(Begin begin, Rules rules, int faults) {
  World world(rules, begin == Begin::kNewGateway ? faults + 1 : faults);
  if (begin == Begin::kNew) return world;
  world.take({Step::Kind::kCreate});
  world.round();
  if (begin == Begin::kNewGateway) world.take({Step::Kind::kCrashGateway});
  return world;
}

Found search(Begin from, Rules rules, int faults, int depth) {
  return Search(begin(from, rules, faults), depth).run();
}

constexpr int kFaults = 3;

class FleetModel : public testing::TestWithParam<std::pair<Begin, int>> {};

TEST_P(FleetModel, KeepsItsPromisesInEveryOrderOfThings) {
  const auto [from, steps] = GetParam();
  const auto found = search(from, Rules{}, kFaults, steps);
  std::printf("%zu states within %d steps, of which up to %d are faults\n", found.states, steps,
              kFaults);
  EXPECT_EQ(found.broken, "");
}

// A sanitizer makes each step some ten times as dear, so there one less is taken.
int steps() {
  const char* wanted = std::getenv("FLEET_MODEL_STEPS");
  return wanted != nullptr ? std::atoi(wanted) : 7;
}

INSTANTIATE_TEST_SUITE_P(, FleetModel,
                         testing::Values(std::pair{Begin::kNew, steps()},
                                         std::pair{Begin::kRunning, steps()}));

// Each rule is there for a reason: without it the search finds a way to break a promise.
struct Mutation {
  const char* name;
  bool Rules::* rule;
  Begin from;
  const char* promise;
};

// Breadth first stops at the shortest way: this is where it gives up.
constexpr int kStepsToMistakeMax = 10;

class FleetModelWithout : public testing::TestWithParam<Mutation> {};

TEST_P(FleetModelWithout, BreaksAPromise) {
  const auto& mutation = GetParam();
  Rules rules;
  rules.*mutation.rule = false;
  const auto found = search(mutation.from, rules, 2, kStepsToMistakeMax);
  std::printf("%zu states: %s\n", found.states, found.broken.c_str());
  EXPECT_TRUE(found.broken.starts_with(mutation.promise)) << found.broken;
}

constexpr const char* kWronglyLost = "a worker was lost that lives and is reachable";

INSTANTIATE_TEST_SUITE_P(
    , FleetModelWithout,
    testing::Values(
        Mutation{"EpochCheck", &Rules::epoch_is_checked, Begin::kNew, "a run owns a session"},
        Mutation{"ConditionalEnd", &Rules::end_is_conditional, Begin::kRunning,
                 "a session ended twice"},
        Mutation{"PatienceWithASilentFleet", &Rules::silence_is_not_absence, Begin::kNewGateway,
                 kWronglyLost},
        Mutation{"AskingAReplacedRun", &Rules::replaced_run_is_asked, Begin::kNew, kWronglyLost},
        Mutation{"AskingAMissingRun", &Rules::missing_run_is_asked, Begin::kRunning, kWronglyLost},
        Mutation{"LeaseFromSending", &Rules::lease_counts_from_sending, Begin::kRunning,
                 "a worker has a browser that was cut off"},
        Mutation{"ComparisonWithTheLog", &Rules::worker_compares_with_log, Begin::kNew,
                 "a browser outlives its row"},
        Mutation{"EndOfLostRows", &Rules::lost_rows_are_ended, Begin::kRunning,
                 "a session never ends"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace pbaas::session::model
