#include "browser/cgroups.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "base/ids.h"
#include "browser/launcher_fixture.h"

namespace pbaas::browser {
namespace {

using namespace testing;
using ::testing::HasSubstr;

#define SKIP_WITHOUT_CGROUPS(layout)                                \
  if ((layout).version == CgroupVersion::kNone) {                   \
    GTEST_SKIP() << "no cgroups can be made: " << (layout).why_not; \
  }

std::string instance_name() {
  return "pbaas-" + random_hex_128().substr(0, 8);
}

bool exists_in(const CgroupLayout& layout, const std::string& name) {
  for (const auto& folder : layout.distinct_folders()) {
    if (std::filesystem::exists(folder + "/" + name)) return true;
  }
  return false;
}

TEST(Cgroups, MakeOneForABrowserAndLeaveNothing) {
  const auto layout = prepare_cgroups();
  SKIP_WITHOUT_CGROUPS(layout);
  const std::string name = instance_name();
  Cgroups cgroups(layout, name, {.memory_mb = 64, .pids = 100});
  const Cgroup cgroup = cgroups.make("b1");
  ASSERT_TRUE(cgroup);
  EXPECT_TRUE(exists_in(layout, name + "/b1"));
  EXPECT_EQ(cgroup.reached(), "");
  EXPECT_TRUE(cgroup.remove());
  cgroups.remove();
  EXPECT_FALSE(exists_in(layout, name));
}

TEST(Cgroups, OfAnInstanceThatIsGoneAreRemovedAndOthersKept) {
  const auto layout = prepare_cgroups();
  SKIP_WITHOUT_CGROUPS(layout);
  const std::string gone = instance_name();
  {
    Cgroups(layout, gone, {.memory_mb = 64}).make("b1");
  }
  const std::string here = instance_name();
  Cgroups live(layout, here, {.memory_mb = 64});
  EXPECT_GT(remove_stale_cgroups(layout), 0);
  EXPECT_FALSE(exists_in(layout, gone));
  EXPECT_TRUE(exists_in(layout, here));
  live.remove();
}

// A folder with files as the kernel has them.
class StagedCgroup {
 public:
  StagedCgroup(CgroupVersion version, const std::vector<std::string>& controllers)
      : layout_{version, {}, {}} {
    for (const auto& each : controllers) layout_.folders[each] = folder_.path();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_.path() + "/" + name) << text;
  }
  CgroupUse use() const { return Cgroup(layout_, {}).use(); }

 private:
  TemporaryFolder folder_;
  CgroupLayout layout_;
};

TEST(CgroupOfVersion2, CountsTimeAndThePeakOfMemory) {
  const StagedCgroup staged(CgroupVersion::kV2, {"memory", "pids"});
  staged.write("cpu.stat", "usage_usec 1234567\nuser_usec 1000000\n");
  staged.write("memory.peak", "104857600\n");
  staged.write("memory.current", "4096\n");
  EXPECT_EQ(staged.use(), (CgroupUse{1'234, 102'400}));
}

TEST(CgroupOfVersion2, TellsWhatItHoldsWhereTheKernelKeepsNoPeak) {
  const StagedCgroup staged(CgroupVersion::kV2, {"memory", "pids"});
  staged.write("memory.current", "8192\n");
  EXPECT_EQ(staged.use(), (CgroupUse{std::nullopt, 8}));
}

TEST(CgroupOfVersion1, CountsTimeAndThePeakOfMemory) {
  const StagedCgroup staged(CgroupVersion::kV1, {"memory", "cpuacct"});
  staged.write("cpuacct.usage", "1234567890\n");
  staged.write("memory.max_usage_in_bytes", "104857600\n");
  EXPECT_EQ(staged.use(), (CgroupUse{1'234, 102'400}));
}

TEST(CgroupOfEitherVersion, CountsNothingWhereThereAreNoFiles) {
  EXPECT_EQ(StagedCgroup(CgroupVersion::kV1, {"memory"}).use(), CgroupUse{});
  EXPECT_EQ(StagedCgroup(CgroupVersion::kV2, {"memory", "pids"}).use(), CgroupUse{});
  EXPECT_EQ(Cgroup().use(), CgroupUse{});
}

TEST(Cgroups, AreFoundByTheProgramUnderTheNamesTheyWereMadeBy) {
  const auto layout = prepare_cgroups();
  SKIP_WITHOUT_CGROUPS(layout);
  const std::string name = instance_name();
  Cgroups cgroups(layout, name, {.memory_mb = 64});
  const Cgroup made = cgroups.make("b1");
  const Cgroup found = cgroup_of(layout, name, "b1");
  EXPECT_TRUE(found.use().peak_memory_kb);
  EXPECT_EQ(cgroup_of(layout, name, "b2").use(), CgroupUse{});
  EXPECT_TRUE(made.remove());
  EXPECT_EQ(found.use(), CgroupUse{});
  cgroups.remove();
}

class LimitsTest : public LauncherFixture {
 protected:
  // What a browser ends with that runs `script` in its page.
  std::optional<BrowserExit> exit_after(const SessionLimits& limits, const std::string& script) {
    auto with = config();
    with.limits = limits;
    create(with);
    const auto browser = must_launch();
    const auto page = first_page(*browser);
    const auto pipe = dynamic_cast<RunningBrowser&>(*browser).pipe();
    boost::asio::co_spawn(loop,
                          pipe->call("Runtime.evaluate", {{"expression", script}},
                                     Deadline::after(clock, Duration(20'000)), page),
                          [](const std::exception_ptr&, const Result<boost::json::object>&) {});
    const auto exit = exit_of(*browser, milliseconds(20'000));
    use = browser->use();
    EXPECT_TRUE(nothing_left());
    return exit;
  }

  session::ResourceUse use;  // of that browser
};

TEST_F(LimitsTest, LeaveNothingOfABrowserThatDidNotStart) {
  const auto layout = prepare_cgroups();
  SKIP_WITHOUT_CGROUPS(layout);
  auto with = config();
  with.isolation = Isolation::kNone;
  with.limits = {.memory_mb = 256};
  with.headless_shell = "/nowhere/shell";
  create(with);
  const auto failed = launch();
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().detail, HasSubstr("did not start: exec"));
  ASSERT_FALSE(run_dir.is_empty());
  for (const auto& each : std::filesystem::directory_iterator(run_dir.path())) {
    const std::string instance = each.path().filename();
    EXPECT_EQ(cgroup_of(layout, instance, "b1").use(), CgroupUse{}) << instance;
  }
}

TEST_F(LimitsTest, EndABrowserThatTakesTooMuchMemory) {
  SKIP_WITHOUT(kHeadlessShell);
  SKIP_WITHOUT_CGROUPS(prepare_cgroups());
  const auto exit = exit_after(
      {.memory_mb = 256},
      "const all = []; for (;;) all.push(new Uint8Array(16 << 20).fill(all.length + 1));");
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kOutOfMemory);
  EXPECT_THAT(exit->detail, HasSubstr("256 MiB of SESSION_MEMORY_MAX"));
  EXPECT_GT(use.peak_memory_bytes, 200U << 20);
  EXPECT_LE(use.peak_memory_bytes, 256U << 20);
  EXPECT_GT(use.cpu, Duration(0));
}

TEST_F(LimitsTest, EndABrowserThatTakesTooManyProcesses) {
  SKIP_WITHOUT(kHeadlessShell);
  SKIP_WITHOUT_CGROUPS(prepare_cgroups());
  const auto exit = exit_after({.pids = 120},
                               "const source = URL.createObjectURL(new Blob(['for(;;);']));"
                               "for (let i = 0; i < 300; ++i) new Worker(source);");
  ASSERT_TRUE(exit);
  EXPECT_EQ(exit->cause, ExitCause::kOutOfMemory);
  EXPECT_THAT(exit->detail, HasSubstr("120 processes and threads of SESSION_PIDS_MAX"));
}

}  // namespace
}  // namespace pbaas::browser
