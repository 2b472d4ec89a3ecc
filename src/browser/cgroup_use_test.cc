#include "browser/cgroup_use.h"

#include <gtest/gtest.h>

namespace pbaas::browser {
namespace {

TEST(CgroupUse, KeepsTheMostThatWasSeenOfEach) {
  CgroupUse use;
  use.raise({100, std::nullopt});
  use.raise({90, 2'000});
  EXPECT_EQ(use, (CgroupUse{100, 2'000}));
}

TEST(CgroupUse, LosesNothingToACgroupThatIsGone) {
  CgroupUse use{100, 2'000};
  use.raise({});
  EXPECT_EQ(use, (CgroupUse{100, 2'000}));
}

TEST(CgroupUse, TellsNothingFromZero) {
  CgroupUse use;
  use.raise({});
  EXPECT_FALSE(use.cpu_ms);
  use.raise({0, 0});
  EXPECT_EQ(use, (CgroupUse{0, 0}));
}

}  // namespace
}  // namespace pbaas::browser
