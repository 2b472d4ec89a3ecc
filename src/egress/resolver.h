// Who turns host names into addresses. An interface, because tests bring names of their own.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/ip_address.h"

namespace pbaas::egress {

enum class ResolveStatus { kFound, kNotFound, kFailed, kTimeout, kBusy };

struct Resolved {
  ResolveStatus status = ResolveStatus::kFailed;
  std::vector<IpAddress> addresses{};  // in the order to try them
};

// Thread-safe. Outlives every pool it is given to.
class Resolver {
 public:
  using Answer = std::function<void(Resolved)>;

  virtual ~Resolver() = default;
  // Calls `answer` exactly once, from a thread of its own or at once, within a time and among a
  // number of others that the resolver bounds.
  virtual void resolve(const std::string& host, Answer answer) = 0;
};

}  // namespace pbaas::egress
