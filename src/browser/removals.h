// The folders of ended browsers that are being removed, in slices: a profile with a million files
// holds up neither the orders nor the removal of another's. Launcher process only.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace pbaas::browser {

class Removals {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void add(std::uint64_t id, std::string folder);
  // Works for about 20 ms at most, on each folder that is due in turn.
  void work(Time now);
  bool contains(std::uint64_t id) const;
  bool empty() const { return folders_.empty(); }
  // When there is work again; nothing where there is none.
  std::optional<Time> due() const;

 private:
  struct Folder {
    std::uint64_t id = 0;
    std::string path;
    Time due{};
    std::chrono::milliseconds pause{0};  // after the last failure
  };

  void work_on_next(Time now);

  std::deque<Folder> folders_;
};

}  // namespace pbaas::browser
