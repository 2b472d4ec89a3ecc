#include "browser/cgroup_file.h"

#include <gtest/gtest.h>

namespace pbaas::browser {
namespace {

TEST(CgroupFile, FindsTheNumberBehindAKey) {
  EXPECT_EQ(number_in("low 1\noom_kill 7\noom_kill_x 9", "oom_kill"), 7);
  EXPECT_EQ(number_in("oom_kill_disable 1\noom_kill 2", "oom_kill"), 2);
  EXPECT_EQ(number_in("max 3", "oom_kill"), 0);
}

TEST(CgroupFile, ReadsATextThatIsANumber) {
  EXPECT_EQ(number_in("123456789012\n", {}), 123'456'789'012);
  EXPECT_EQ(number_in("", {}), 0);
}

TEST(CgroupFile, GivesNothingForAFileThatIsNotThere) {
  EXPECT_EQ(read_cgroup_file("/nowhere/memory.max"), "");
  EXPECT_FALSE(write_cgroup_file("/nowhere/memory.max", "1"));
}

}  // namespace
}  // namespace pbaas::browser
