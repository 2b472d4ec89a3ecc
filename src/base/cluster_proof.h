// How a gateway proves to a worker that both have the same CLUSTER_SECRET. The proof is made of the
// worker's epoch, which is random at each of its starts: the secret itself never crosses the wire,
// and a proof is good for one run of one worker alone. Pure.
#pragma once

#include <string>
#include <string_view>

namespace pbaas {

class ClusterProof {
 public:
  explicit ClusterProof(std::string secret) : secret_(std::move(secret)) {}

  // What a gateway sends to the worker that runs under this epoch.
  std::string of(std::string_view epoch) const;
  bool accepts(std::string_view proof, std::string_view epoch) const;

 private:
  std::string secret_;
};

}  // namespace pbaas
