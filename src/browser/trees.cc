#include "browser/trees.h"

namespace pbaas::browser {

void Trees::add(std::uint64_t id, pid_t leader, std::string folder) {
  if (Tree* earlier = of_group(leader)) {
    earlier->leader = 0;
    if (!earlier->leader_reaped) earlier->reaped_at = std::chrono::steady_clock::now();
    earlier->leader_reaped = true;
  }
  Tree& tree = trees_[id];
  tree.leader = leader;
  tree.folder = std::move(folder);
  tree.gone.id = id;
}

Tree* Trees::of_id(std::uint64_t id) {
  const auto found = trees_.find(id);
  return found == trees_.end() ? nullptr : &found->second;
}

Tree* Trees::of_group(pid_t group) {
  if (group <= 0) return nullptr;
  for (auto& [id, tree] : trees_) {
    if (tree.leader == group) return &tree;
  }
  return nullptr;
}

}  // namespace pbaas::browser
