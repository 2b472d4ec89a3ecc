#include "base/cluster_proof.h"

#include "base/digest.h"

namespace pbaas {

std::string ClusterProof::of(std::string_view epoch) const {
  // The prefix keeps proofs apart from anything else that may be signed with the secret.
  return hmac_sha256_hex(secret_, "pbaas worker " + std::string(epoch));
}

bool ClusterProof::accepts(std::string_view proof, std::string_view epoch) const {
  return equal_in_constant_time(proof, of(epoch));
}

}  // namespace pbaas
