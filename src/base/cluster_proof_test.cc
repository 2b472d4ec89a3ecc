#include "base/cluster_proof.h"

#include <gtest/gtest.h>

namespace pbaas {
namespace {

const std::string kSecret = "a secret of enough letters";

TEST(ClusterProof, IsAcceptedByWhoeverHasTheSameSecret) {
  EXPECT_TRUE(ClusterProof(kSecret).accepts(ClusterProof(kSecret).of("epoch"), "epoch"));
}

TEST(ClusterProof, IsRefusedWithAnotherSecretOrForAnotherEpoch) {
  const auto proof = ClusterProof(kSecret).of("epoch");
  EXPECT_FALSE(ClusterProof("another").accepts(proof, "epoch"));
  EXPECT_FALSE(ClusterProof(kSecret).accepts(proof, "epoch-2"));
  EXPECT_FALSE(ClusterProof(kSecret).accepts("", "epoch"));
}

TEST(ClusterProof, SaysNothingOfTheSecret) {
  EXPECT_EQ(ClusterProof(kSecret).of("epoch").find(kSecret), std::string::npos);
}

}  // namespace
}  // namespace pbaas
