// The Resolver of the machine: /etc/hosts and the servers of /etc/resolv.conf, which is read again
// when it has changed, by c-ares on one thread. getaddrinfo would take a thread for each name that
// is waited for, and no deadline: one session that asks for names whose servers are silent would
// stop all others.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "egress/resolver.h"

namespace pbaas::egress {

struct ResolverLimits {
  int timeout_ms = 2'000;  // for the first try; later ones wait longer
  int tries = 3;
  std::size_t pending_max = 4'096;  // what more than thirty sessions may ask
  std::string resolv_conf = "/etc/resolv.conf";
  int port = 53;  // of the servers it names
};

class CaresResolver final : public Resolver {
 public:
  // Throws std::runtime_error where c-ares does not start.
  explicit CaresResolver(ResolverLimits limits = {});
  // Answers what is pending with kFailed and joins.
  ~CaresResolver() override;

  void resolve(const std::string& host, Answer answer) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pbaas::egress
