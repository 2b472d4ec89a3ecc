// What a cgroup has counted, as far as it counts it. Plain values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

namespace pbaas::browser {

struct CgroupUse {
  std::optional<std::int64_t> cpu_ms{};
  std::optional<std::int64_t> peak_memory_kb{};
  bool operator==(const CgroupUse&) const = default;

  // Takes what another look has seen. A cgroup that is gone, or a kernel that keeps no peak, takes
  // nothing back.
  void raise(const CgroupUse& seen) {
    cpu_ms = std::max(cpu_ms, seen.cpu_ms);
    peak_memory_kb = std::max(peak_memory_kb, seen.peak_memory_kb);
  }
};

}  // namespace pbaas::browser
