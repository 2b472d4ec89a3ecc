#include "recording/heard_lately.h"

#include <functional>

namespace pbaas::recording {
namespace {

std::size_t hash_of(std::string_view name) {
  return std::hash<std::string_view>()(name);
}

}  // namespace

void HeardLately::note(std::string_view name) {
  const auto hash = hash_of(name);
  if (!hashes_.insert(hash).second) return;
  order_.push_back(hash);
  if (order_.size() <= kHeardMax) return;
  hashes_.erase(order_.front());
  order_.pop_front();
}

bool HeardLately::contains(std::string_view name) const {
  return hashes_.contains(hash_of(name));
}

}  // namespace pbaas::recording
