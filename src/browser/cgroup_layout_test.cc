#include "browser/cgroup_layout.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "browser/test_support.h"

namespace pbaas::browser {
namespace {

using testing::TemporaryFolder;

// Folders as the kernel's are, which only it can make.
class CgroupLayoutTest : public ::testing::Test {
 protected:
  void make_folder(const std::string& path, const std::string& controllers = {}) {
    std::filesystem::create_directories(top.path() + path);
    if (!controllers.empty()) {
      std::ofstream(top.path() + path + "/cgroup.controllers") << controllers << "\n";
    }
  }
  std::string mount(const std::string& path, const std::string& type, const std::string& more) {
    return "cgroup " + top.path() + path + " " + type + " rw,nosuid" + more + " 0 0\n";
  }
  TemporaryFolder top;
};

TEST_F(CgroupLayoutTest, FindsTheTreeOfEachControllerInVersion1) {
  make_folder("/memory/service");
  make_folder("/pids");
  const auto layout =
      parse_cgroup_layout(mount("/memory", "cgroup", ",memory") +
                              mount("/pids", "cgroup", ",pids") + mount("/unified", "cgroup2", ""),
                          "4:memory:/service\n3:pids:/only-on-the-host\n0::/\n");
  EXPECT_EQ(layout.version, CgroupVersion::kV1);
  EXPECT_EQ(layout.folders.at("memory"), top.path() + "/memory/service");
  EXPECT_EQ(layout.folders.at("pids"), top.path() + "/pids");
}

TEST_F(CgroupLayoutTest, NamesATreeOfTwoControllersOnce) {
  make_folder("/cpu,cpuacct");
  make_folder("/memory");
  const auto layout = parse_cgroup_layout(
      mount("/cpu,cpuacct", "cgroup", ",cpu,cpuacct") + mount("/memory", "cgroup", ",memory"),
      "2:cpu,cpuacct:/\n4:memory:/\n");
  EXPECT_EQ(layout.folders.size(), 3u);
  EXPECT_EQ(layout.distinct_folders().size(), 2u);
}

TEST_F(CgroupLayoutTest, SaysThatVersion1CannotBoundProcesses) {
  make_folder("/memory");
  make_folder("/pids");
  const auto memory = mount("/memory", "cgroup", ",memory");
  const auto without = parse_cgroup_layout(memory, "4:memory:/\n");
  EXPECT_EQ(without.version, CgroupVersion::kV1);
  EXPECT_NE(without.why_not.find("SESSION_PIDS_MAX"), std::string::npos);
  const auto with = parse_cgroup_layout(memory + mount("/pids", "cgroup", ",pids"), "4:memory:/\n");
  EXPECT_EQ(with.why_not, "");
}

TEST_F(CgroupLayoutTest, FindsOurPlaceInTheTreeOfVersion2) {
  make_folder("/tree/unit", "cpuset cpu io memory pids");
  const auto layout = parse_cgroup_layout(mount("/tree", "cgroup2", ""), "0::/unit\n");
  EXPECT_EQ(layout.version, CgroupVersion::kV2);
  EXPECT_EQ(layout.folders.at("memory"), top.path() + "/tree/unit");
  EXPECT_EQ(layout.distinct_folders().size(), 1u);
  EXPECT_FALSE(layout.folders.contains("io"));
}

TEST_F(CgroupLayoutTest, SaysThatVersion2HasNoControllersForUs) {
  make_folder("/tree", "cpuset");
  const auto layout = parse_cgroup_layout(mount("/tree", "cgroup2", ""), "0::/\n");
  EXPECT_EQ(layout.version, CgroupVersion::kNone);
  EXPECT_NE(layout.why_not.find("no memory and pids controllers"), std::string::npos);
}

TEST(CgroupLayoutOfNothing, IsNone) {
  EXPECT_EQ(parse_cgroup_layout("", "").version, CgroupVersion::kNone);
}

}  // namespace
}  // namespace pbaas::browser
