// A model of the fleet for fleet_model_test: a worker that may die and start anew, two gateways, a
// Redis that may be away or lose everything, a log whose end of a row is conditional, and a network
// that delays and repeats. One session lives in it. WorkerLease and LostWorkers, which decide when
// a worker is cut off and when it is lost, are the real ones. Time goes in ticks of one heartbeat.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "session/fleet_model_parts.h"

namespace pbaas::session::model {

class World {
 public:
  World(Rules rules, int faults);

  // All that may happen next, and one of them happening.
  std::vector<Step> possible() const;
  void take(const Step& step);
  // The faults are over.
  void heal();
  // Everything arrives, everybody does its turn, and a heartbeat passes.
  void round();

  // The promise that was broken, if one was.
  const char* broken() const { return broken_; }
  // Nothing can happen to the session any more.
  bool finished() const;
  bool has_browser_without_row() const;
  bool row_open() const { return row_.state == Row::State::kOpen; }
  // Equal for worlds that go on alike: times are told from now.
  std::string key() const;

 private:
  bool worker_reaches_redis() const { return redis_.up && worker_sees_redis_; }
  bool runs_session() const { return worker_.alive && worker_.epoch == row_.epoch; }
  bool compare_would_act() const;
  void add_faults(std::vector<Step>& steps) const;

  void tick();
  void send(Message::Kind kind, int epoch, int gateway = 0);
  void deliver(Message message);
  void deliver_away(std::size_t index);
  void deliver_all();
  void heartbeat(const Message& message);
  void start(const Message& message);
  void end_command(const Message& message);
  void create();
  void give_up_start(int gateway);
  void read(Gateway& gateway);
  void judge(Gateway& gateway);
  ProbeAnswer probe(const Gateway& gateway, const WorkerRun& run) const;
  void lose_run(const Gateway& gateway, bool asked);
  void sweep(int gateway);
  void compare_with_log();
  void restart(bool log_is_reached);
  void crash_worker();
  static void crash_gateway(Gateway& gateway);
  void close_browser();
  void drop_place(int epoch);
  void end_row();
  void break_promise(const char* promise) { broken_ = broken_ ? broken_ : promise; }

  Rules rules_;
  int faults_left_;
  int now_ = 0;
  bool worker_sees_redis_ = true;
  int worker_sees_redis_since_ = -kKeyTicks;
  Worker worker_;
  Redis redis_;
  Row row_;
  std::array<Gateway, 2> gateways_;
  std::vector<Message> on_their_way_;
  const char* broken_ = nullptr;
};

inline World::World(Rules rules, int faults) : rules_(rules), faults_left_(faults) {
  redis_.worker = Redis::Key{1, kKeyTicks};
}

inline bool World::finished() const {
  if (row_.state != Row::State::kEnded || worker_.browser) return false;
  return std::ranges::all_of(
      on_their_way_, [](const Message& each) { return each.kind == Message::Kind::kHeartbeat; });
}

inline bool World::has_browser_without_row() const {
  return worker_.browser && !(row_open() && runs_session());
}

inline bool World::compare_would_act() const {
  if (!worker_.alive) return false;
  const bool left_over =
      row_open() && runs_session() && !worker_.browser && now_ - row_.created >= kStartTicks;
  return left_over || (has_browser_without_row() && rules_.worker_compares_with_log);
}

inline std::vector<Step> World::possible() const {
  using enum Step::Kind;
  std::vector<Step> steps{{kTick}, {kRound}};
  for (std::size_t i = 0; i < on_their_way_.size(); ++i)
    steps.push_back({kDeliver, static_cast<int>(i)});
  if (row_.state == Row::State::kNone && redis_.up && redis_.worker) steps.push_back({kCreate});
  if (gateways_[0].waits_for_start) steps.push_back({kAbandon});
  for (int i = 0; i < 2; ++i) {
    const auto& gateway = gateways_[static_cast<std::size_t>(i)];
    if (row_.state != Row::State::kEnded) steps.push_back({gateway.has_read ? kJudge : kRead, i});
    if (redis_.up && redis_.place && now_ >= redis_.place->due) steps.push_back({kSweep, i});
  }
  if (compare_would_act()) steps.push_back({kCompare});
  if (!worker_.alive && worker_.epoch < kEpochs) {
    steps.push_back({kRestart});
    steps.push_back({kRestartWithoutLog});
  }
  const bool cut = !worker_sees_redis_ || !redis_.up || !gateways_[0].reaches_worker ||
                   !gateways_[1].reaches_worker;
  if (cut) steps.push_back({kHeal});
  if (faults_left_ > 0) add_faults(steps);
  return steps;
}

inline void World::add_faults(std::vector<Step>& steps) const {
  using enum Step::Kind;
  for (std::size_t i = 0; i < on_their_way_.size(); ++i)
    steps.push_back({kDeliverAndKeep, static_cast<int>(i)});
  if (worker_.alive) steps.push_back({kCrashWorker});
  if (worker_sees_redis_) steps.push_back({kCutWorkerFromRedis});
  if (redis_.up) steps.push_back({kStopRedis});
  if (redis_.up && redis_.worker) steps.push_back({kFlushRedis});
  for (int i = 0; i < 2; ++i) {
    steps.push_back({kCrashGateway, i});
    if (gateways_[static_cast<std::size_t>(i)].reaches_worker)
      steps.push_back({kCutGatewayFromWorker, i});
  }
}

inline void World::take(const Step& step) {
  using enum Step::Kind;
  if (step.kind >= kDeliverAndKeep) --faults_left_;
  const auto which = static_cast<std::size_t>(step.which);
  switch (step.kind) {
    case kTick:
      return tick();
    case kRound:
      return round();
    case kDeliver:
      return deliver_away(which);
    case kCreate:
      return create();
    case kAbandon:
      return give_up_start(0);
    case kRead:
      return read(gateways_[which]);
    case kJudge:
      return judge(gateways_[which]);
    case kSweep:
      return sweep(step.which);
    case kCompare:
      return compare_with_log();
    case kRestart:
      return restart(true);
    case kRestartWithoutLog:
      return restart(false);
    case kHeal:
      return heal();
    case kDeliverAndKeep:
      return deliver(on_their_way_[which]);
    case kCrashWorker:
      return crash_worker();
    case kCrashGateway:
      return crash_gateway(gateways_[which]);
    case kCutWorkerFromRedis:
      worker_sees_redis_ = false;
      return;
    case kCutGatewayFromWorker:
      gateways_[which].reaches_worker = false;
      return;
    case kStopRedis:
      redis_.up = false;
      return;
    case kFlushRedis:
      redis_ = Redis{};
      return;
  }
}

inline void World::deliver_away(std::size_t index) {
  const auto message = on_their_way_[index];
  on_their_way_.erase(on_their_way_.begin() + static_cast<std::ptrdiff_t>(index));
  deliver(message);
}

inline void World::crash_worker() {
  worker_.alive = worker_.browser = false;
  // The worst of it: what it had yet to write is gone with its disk.
  std::erase_if(on_their_way_, [](auto& each) { return each.kind == Message::Kind::kEndRow; });
}

inline void World::crash_gateway(Gateway& gateway) {
  const bool reaches_worker = gateway.reaches_worker;
  gateway = Gateway{};
  gateway.reaches_worker = reaches_worker;
}

inline void World::round() {
  deliver_all();
  for (int i = 0; i < 2; ++i) {
    auto& gateway = gateways_[static_cast<std::size_t>(i)];
    read(gateway);
    judge(gateway);
    if (redis_.up && redis_.place && now_ >= redis_.place->due) sweep(i);
  }
  deliver_all();
  if (compare_would_act()) compare_with_log();
  tick();
}

inline void World::heal() {
  if (!worker_sees_redis_) worker_sees_redis_since_ = now_;
  worker_sees_redis_ = redis_.up = true;
  for (auto& gateway : gateways_) gateway.reaches_worker = true;
}

inline void World::tick() {
  const auto waiting = on_their_way_;
  for (const auto& each : waiting) {
    if (now_ - each.sent < kDelayTicksMax) continue;
    std::erase(on_their_way_, each);
    deliver(each);
  }
  ++now_;
  if (redis_.worker && redis_.worker->expires <= now_) redis_.worker.reset();
  if (!worker_.alive) return;
  // The worker's own clock: its lease, and the session's hard limit in case nobody sweeps.
  const bool overdue = now_ > worker_.deadline;
  if (worker_.browser && (overdue || !worker_.lease.holds(at(now_)))) close_browser();
  if (worker_.browser && now_ - worker_.acknowledged >= kLeaseTicks)
    break_promise("a worker has a browser that was cut off for longer than its lease");
  if (worker_reaches_redis()) send(Message::Kind::kHeartbeat, worker_.epoch);
}

inline void World::send(Message::Kind kind, int epoch, int gateway) {
  on_their_way_.push_back({kind, epoch, now_, gateway});
  std::ranges::sort(on_their_way_);
}

inline void World::deliver_all() {
  while (!on_their_way_.empty()) deliver_away(0);
}

inline void World::deliver(Message message) {
  switch (message.kind) {
    case Message::Kind::kHeartbeat:
      return heartbeat(message);
    case Message::Kind::kStart:
      return start(message);
    case Message::Kind::kEnd:
      return end_command(message);
    case Message::Kind::kEndRow:
      return end_row();
  }
}

inline void World::heartbeat(const Message& message) {
  if (!worker_reaches_redis()) return;
  redis_.worker = Redis::Key{message.epoch, now_ + kKeyTicks};
  if (redis_.place && redis_.place->epoch != message.epoch) redis_.place.reset();
  if (!worker_.alive || worker_.epoch != message.epoch) return;
  worker_.acknowledged = std::max(worker_.acknowledged, message.sent);
  worker_.lease.renew(at(rules_.lease_counts_from_sending ? message.sent : now_));
  if (worker_.browser && !redis_.place)
    redis_.place = Redis::Place{worker_.epoch, worker_.deadline};
}

inline void World::create() {
  row_ = Row{Row::State::kOpen, redis_.worker->epoch, now_};
  gateways_[0].waits_for_start = true;
  send(Message::Kind::kStart, row_.epoch);
}

inline void World::start(const Message& message) {
  const auto& gateway = gateways_[static_cast<std::size_t>(message.gateway)];
  const bool arrives = worker_.alive && gateway.reaches_worker;
  const bool for_it = worker_.epoch == message.epoch || !rules_.epoch_is_checked;
  if (!arrives || !for_it || !worker_.lease.holds(at(now_))) return give_up_start(message.gateway);
  gateways_[static_cast<std::size_t>(message.gateway)].waits_for_start = false;
  if (worker_.had_session) return;
  if (row_.epoch != worker_.epoch) break_promise("a run owns a session that the log gives another");
  worker_.browser = worker_.had_session = true;
  worker_.deadline = now_ + kSessionTicks;
  if (worker_reaches_redis()) redis_.place = Redis::Place{worker_.epoch, worker_.deadline};
}

// It failed, or the client left: the row ends, and a start that is still on its way is a leftover.
inline void World::give_up_start(int gateway) {
  auto& waits = gateways_[static_cast<std::size_t>(gateway)].waits_for_start;
  if (waits) end_row();
  waits = false;
}

inline void World::end_command(const Message& message) {
  if (!worker_.alive || !gateways_[static_cast<std::size_t>(message.gateway)].reaches_worker)
    return;
  const bool for_it = worker_.epoch == message.epoch || !rules_.epoch_is_checked;
  if (for_it && worker_.browser) return close_browser();
  drop_place(message.epoch);
}

inline void World::close_browser() {
  worker_.browser = false;
  if (worker_sees_redis_) drop_place(worker_.epoch);
  send(Message::Kind::kEndRow, worker_.epoch);
}

inline void World::drop_place(int epoch) {
  if (redis_.up && redis_.place && redis_.place->epoch == epoch) redis_.place.reset();
}

inline void World::end_row() {
  if (row_.state == Row::State::kEnded && !rules_.end_is_conditional)
    break_promise("a session ended twice");
  row_.state = Row::State::kEnded;
}

inline void World::read(Gateway& gateway) {
  std::vector<WorkerRun> open;
  if (row_open()) open.push_back(run_of(row_.epoch));
  gateway.runs.watch(open);
  std::vector<ReportedRun> present;
  if (redis_.up && redis_.worker) present.push_back({run_of(redis_.worker->epoch), "host:1"});
  const bool answered = redis_.up || !rules_.silence_is_not_absence;
  if (answered) gateway.runs.fleet_answered(present, at(now_));
  if (!answered) gateway.runs.fleet_silent();
  gateway.has_read = true;
  gateway.saw_it_missing = redis_.up && row_open() && !redis_.worker;
  gateway.saw_other_run =
      redis_.up && row_open() && redis_.worker && redis_.worker->epoch != row_.epoch;
}

inline void World::judge(Gateway& gateway) {
  gateway.has_read = false;
  if (!row_open() || !rules_.lost_rows_are_ended) return;
  const auto run = run_of(row_.epoch);
  const auto address = gateway.runs.address_to_ask(run);
  if (address) gateway.runs.answered(run, probe(gateway, run), at(now_));
  const bool by_rule = gateway.runs.verdict(run) == RunVerdict::kLost;
  const bool by_mistake = (gateway.saw_other_run && !rules_.replaced_run_is_asked) ||
                          (gateway.saw_it_missing && !rules_.missing_run_is_asked);
  if (by_rule || by_mistake) lose_run(gateway, address.has_value());
}

inline ProbeAnswer World::probe(const Gateway& gateway, const WorkerRun& run) const {
  if (!gateway.reaches_worker) return ProbeAnswer::kNone;
  if (!worker_.alive) return ProbeAnswer::kRefused;
  return run_of(worker_.epoch) == run ? ProbeAnswer::kSameEpoch : ProbeAnswer::kOtherEpoch;
}

inline void World::lose_run(const Gateway& gateway, bool asked) {
  // Where the run cannot be asked, it must have had the time to be seen in the fleet again.
  const bool seen_again = worker_sees_redis_ && now_ - worker_sees_redis_since_ > kDelayTicksMax;
  const bool reachable = asked ? gateway.reaches_worker : seen_again;
  if (runs_session() && reachable) break_promise("a worker was lost that lives and is reachable");
  if (redis_.up && redis_.worker && redis_.worker->epoch == row_.epoch) redis_.worker.reset();
  drop_place(row_.epoch);
  end_row();
}

inline void World::sweep(int gateway) {
  redis_.place->due = now_ + kClaimTicks;
  send(Message::Kind::kEnd, redis_.place->epoch, gateway);
}

inline void World::compare_with_log() {
  if (has_browser_without_row()) {
    worker_.browser = false;
    if (worker_sees_redis_) drop_place(worker_.epoch);
  } else {
    end_row();
  }
}

inline void World::restart(bool log_is_reached) {
  worker_ = Worker{.epoch = worker_.epoch + 1,
                   .acknowledged = now_,
                   .lease = WorkerLease{kLeaseTicks * kTick, at(now_)}};
  if (log_is_reached && row_open() && !runs_session()) end_row();
  if (worker_reaches_redis()) send(Message::Kind::kHeartbeat, worker_.epoch);
}

inline std::string World::key() const {
  std::string key;
  const auto add = [&key](int value) { key += static_cast<char>(std::clamp(value, -100, 100)); };
  const auto lease = static_cast<int>((worker_.lease.ends_at() - at(now_)) / kTick);
  for (const int value :
       {faults_left_, int{worker_sees_redis_}, std::min(now_ - worker_sees_redis_since_, 2),
        int{worker_.alive}, worker_.epoch, int{worker_.browser}, int{worker_.had_session},
        worker_.browser ? worker_.deadline - now_ : 0, now_ - worker_.acknowledged,
        std::max(lease, 0), int{redis_.up}, redis_.worker ? redis_.worker->epoch : 0,
        redis_.worker ? redis_.worker->expires - now_ : 0, redis_.place ? redis_.place->epoch : 0,
        redis_.place ? std::max(redis_.place->due - now_, 0) : 0, static_cast<int>(row_.state),
        row_open() ? row_.epoch : 0, row_open() ? std::min(now_ - row_.created, kStartTicks) : 0})
    add(value);
  for (const auto& message : on_their_way_) {
    for (const int value :
         {static_cast<int>(message.kind), message.epoch, now_ - message.sent, message.gateway})
      add(value);
  }
  for (const auto& gateway : gateways_) {
    add(gateway.has_read | gateway.saw_other_run << 1 | gateway.saw_it_missing << 2 |
        gateway.waits_for_start << 3 | gateway.reaches_worker << 4);
    // Once the row has ended, nothing depends on what is known of its run.
    if (row_.state != Row::State::kEnded) key += gateway.runs.describe(at(now_));
  }
  return key;
}

}  // namespace pbaas::session::model
