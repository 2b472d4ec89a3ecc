#include "browser/removals.h"

#include <algorithm>

#include "base/log.h"
#include "browser/remove_tree.h"

namespace pbaas::browser {
namespace {

using Pause = std::chrono::milliseconds;

constexpr Pause kTurn{20};
// An ordinary profile takes less, so that it is gone at its first slice.
constexpr Pause kSlice{5};
// What does not let itself be removed is tried again after this, then after twice as long.
constexpr Pause kPauseMin{20};
constexpr Pause kPauseMax{10'000};

}  // namespace

void Removals::add(std::uint64_t id, std::string folder) {
  folders_.push_front({id, std::move(folder)});  // First, as most are small.
}

void Removals::work(Time now) {
  const Time end = now + kTurn;
  for (std::size_t left = folders_.size(); left > 0; --left) {
    work_on_next(now);
    if (std::chrono::steady_clock::now() >= end) return;
  }
}

void Removals::work_on_next(Time now) {
  Folder folder = std::move(folders_.front());
  folders_.pop_front();
  const Removal done = folder.due > now ? Removal::kUnfinished : remove_some(folder.path, kSlice);
  if (done == Removal::kGone) return;
  if (done == Removal::kStuck) {
    if (folder.pause == Pause(0)) log::warn("folder_stuck", {{"folder", folder.path}});
    folder.pause = std::clamp(folder.pause * 2, kPauseMin, kPauseMax);
    folder.due = now + folder.pause;
  }
  folders_.push_back(std::move(folder));
}

bool Removals::contains(std::uint64_t id) const {
  return std::any_of(folders_.begin(), folders_.end(),
                     [id](const Folder& each) { return each.id == id; });
}

std::optional<Removals::Time> Removals::due() const {
  if (folders_.empty()) return {};
  return std::min_element(folders_.begin(), folders_.end(),
                          [](const Folder& a, const Folder& b) { return a.due < b.due; })
      ->due;
}

}  // namespace pbaas::browser
