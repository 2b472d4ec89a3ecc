#include "recording/har_targets.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

TEST(HarTargets, GiveFramesAndWorkersThePageOfTheirParent) {
  HarTargets targets;
  targets.attached({"page-session", "browser", "P", "page"});
  targets.attached({"frame-session", "page-session", "F", "iframe"});
  targets.attached({"worker-session", "frame-session", "W", "worker"});
  EXPECT_EQ(targets.page_target("worker-session"), "P");
  EXPECT_FALSE(targets.is_page("frame-session"));
}

TEST(HarTargets, GiveServiceWorkersNoPage) {
  HarTargets targets;
  targets.attached({"S", "browser", "T", "service_worker"});
  EXPECT_EQ(targets.page_target("S"), "");
}

TEST(HarTargets, TellWhichPageWent) {
  HarTargets targets;
  targets.attached({"page-session", "browser", "P", "page"});
  EXPECT_EQ(targets.detached("page-session").page, "P");
  EXPECT_EQ(targets.detached("page-session").page, "");
}

TEST(HarTargets, TellWhetherItWasAFrame) {
  HarTargets targets;
  targets.attached({"frame-session", "page-session", "F", "iframe"});
  targets.attached({"worker-session", "page-session", "W", "worker"});
  EXPECT_TRUE(targets.detached("frame-session").is_frame);
  EXPECT_FALSE(targets.detached("worker-session").is_frame);
}

}  // namespace
}  // namespace pbaas::recording
