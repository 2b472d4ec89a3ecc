#include "browser/trees.h"

#include <gtest/gtest.h>

namespace pbaas::browser {
namespace {

TEST(Trees, AreFoundByOrderAndByGroup) {
  Trees trees;
  trees.add(1, 100, "/b1");
  trees.add(2, 200, "/b2");
  EXPECT_EQ(trees.of_group(200), trees.of_id(2));
  EXPECT_EQ(trees.of_id(2)->folder, "/b2");
  EXPECT_EQ(trees.of_id(2)->gone.id, 2u);
  EXPECT_EQ(trees.of_id(3), nullptr);
  EXPECT_EQ(trees.of_group(300), nullptr);
  EXPECT_EQ(trees.of_group(-1), nullptr);
}

TEST(Trees, KeepAReapedOneWhoseProcessNumberIsGivenAgain) {
  Trees trees;
  trees.add(1, 100, "/b1");
  trees.of_id(1)->leader_reaped = true;
  trees.of_id(1)->gone.wait_status = 9;
  trees.add(2, 100, "/b2");
  ASSERT_NE(trees.of_id(1), nullptr);
  EXPECT_EQ(trees.of_id(1)->folder, "/b1");
  EXPECT_EQ(trees.of_id(1)->gone.wait_status, 9);
  EXPECT_EQ(trees.of_id(1)->leader, 0);
  EXPECT_EQ(trees.of_group(100), trees.of_id(2));
  EXPECT_FALSE(trees.of_id(2)->leader_reaped);
  EXPECT_EQ(trees.of_id(2)->gone.wait_status, 0);
}

TEST(Trees, OfWhichNothingIsLeftAreInNoGroup) {
  Trees trees;
  trees.add(1, 100, "/b1");
  trees.of_id(1)->leader = 0;
  EXPECT_EQ(trees.of_group(0), nullptr);
  EXPECT_EQ(trees.of_group(100), nullptr);
}

}  // namespace
}  // namespace pbaas::browser
