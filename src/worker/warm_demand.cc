#include "worker/warm_demand.h"

#include <algorithm>
#include <compare>
#include <utility>

namespace pbaas::worker {
namespace {

// Of so many creates, and more where there are many spares, is remembered what they asked for.
constexpr int kRememberedMin = 32;
constexpr int kRememberedPerSpare = 8;
// Asked for once it may never be again: from the second time on a kind is worth a spare, so that
// the third create finds one.
constexpr int kAsksMin = 2;
// By how much a kind must be wanted more to take the place of one that is there. Where more kinds
// are asked for in turns than there are spares, their counts are the same but for one.
constexpr double kStays = 1.5;

}  // namespace

// Each kind that is asked for has its first spare before any has a second: a spare is there again
// within a second, so a second one serves only creates that come together.
struct WarmDemand::Score {
  bool is_first = false;
  double share = 0;
  auto operator<=>(const Score&) const = default;
};

WarmDemand::WarmDemand(WarmKind plain, int count) : plain_(plain.signature), count_(count) {
  kinds_[plain_].kind = std::move(plain);
}

void WarmDemand::note(WarmKind asked) {
  auto& known = kinds_[asked.signature];
  ++known.times;
  latest_.push_back(asked.signature);
  known.kind = std::move(asked);
  const int remembered = std::max(kRememberedMin, kRememberedPerSpare * count_);
  if (std::cmp_greater(latest_.size(), remembered)) drop_oldest();
}

void WarmDemand::drop_oldest() {
  const auto oldest = kinds_.find(latest_.front());
  if (--oldest->second.times == 0 && oldest->first != plain_) kinds_.erase(oldest);
  latest_.pop_front();
}

void WarmDemand::forget(const std::string& signature) {
  if (signature == plain_) return;
  kinds_.erase(signature);
  std::erase(latest_, signature);
}

WarmDemand::Score WarmDemand::score(const Asked& asked, int given, int held) const {
  const bool is_plain = asked.kind.signature == plain_;
  // One for nothing: it is what there is before anybody has asked.
  const int wish = asked.times + (is_plain ? 1 : 0);
  if (wish < kAsksMin && !is_plain) return {};
  const double share = static_cast<double>(wish) / (given + 1);
  return {given == 0 && wish >= kAsksMin, given < held ? share * kStays : share};
}

std::vector<WarmKind> WarmDemand::wanted(const std::vector<std::string>& held) const {
  std::map<std::string, int> given;
  std::vector<WarmKind> list;
  for (int n = 0; n < count_; ++n) {
    const Asked* best = nullptr;
    Score highest;
    for (const auto& [signature, asked] : kinds_) {
      const auto there = static_cast<int>(std::ranges::count(held, signature));
      const auto its = score(asked, given[signature], there);
      if (best && its <= highest) continue;
      best = &asked;
      highest = its;
    }
    ++given[best->kind.signature];
    list.push_back(best->kind);
  }
  return list;
}

}  // namespace pbaas::worker
