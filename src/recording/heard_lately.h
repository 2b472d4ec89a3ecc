// What was lately told of, by name: so that what is found in a page is not taken for missed. It
// forgets the oldest. Plain; owned by the HarBuilder.
#pragma once

#include <cstddef>
#include <deque>
#include <string_view>
#include <unordered_set>

namespace pbaas::recording {

inline constexpr std::size_t kHeardMax = 16'384;

class HeardLately {
 public:
  void note(std::string_view name);
  bool contains(std::string_view name) const;

 private:
  // A page decides how long a name is: only its hash is kept.
  std::unordered_set<std::size_t> hashes_;
  std::deque<std::size_t> order_;
};

}  // namespace pbaas::recording
