#include "recording/har_pages.h"

#include <gtest/gtest.h>

#include <vector>

namespace pbaas::recording {
namespace {

struct Rig {
  std::vector<boost::json::object> told;
  Redactor redactor{session::HarOptions{}};
  HarPages pages{redactor, [this](const boost::json::object& page) { told.push_back(page); }};
};

TEST(HarPages, AreOneForEachNavigation) {
  Rig rig;
  EXPECT_EQ(rig.pages.open("T", "L1", "http://a/", 10, 1000), "page_1");
  EXPECT_EQ(rig.pages.open("T", "L2", "http://b/", 11, 1000), "page_2");
  EXPECT_EQ(rig.told.size(), 2u);
  EXPECT_EQ(rig.told[1].at("title"), "http://b/");
}

TEST(HarPages, GiveARequestTheDocumentThatMadeIt) {
  Rig rig;
  rig.pages.open("T", "L1", "http://a/", 10, 1000);
  rig.pages.open("U", "L2", "http://b/", 10, 1000);
  EXPECT_EQ(rig.pages.page_of("T", "L2"), "page_2");
  EXPECT_EQ(rig.pages.page_of("T", "of a frame"), "page_1");
  EXPECT_EQ(rig.pages.page_of("of a worker", ""), "");
}

// As of a download, of an answer without content, or while a slow navigation waits.
TEST(HarPages, OfTheDocumentStaysWhileANavigationComesToNothing) {
  Rig rig;
  rig.pages.open("T", "L1", "http://a/", 10, 1000);
  rig.pages.committed("T", "L1");
  rig.pages.open("T", "L2", "http://a/download", 11, 1000);
  rig.pages.on_load("T", 12);
  EXPECT_EQ(rig.pages.page_of("T", "L1"), "page_1");
  EXPECT_EQ(rig.pages.page_of("T", "of a frame"), "page_1");
  EXPECT_EQ(rig.pages.page_of("T", "L2"), "page_2");
  EXPECT_EQ(rig.told.back().at("id"), "page_1");
  rig.pages.committed("T", "L2");
  EXPECT_EQ(rig.pages.page_of("T", "of a frame"), "page_2");
}

TEST(HarPages, TakeNoLoadOfADocumentThatAskedForNothing) {
  Rig rig;
  rig.pages.open("T", "L1", "http://a/", 10, 1000);
  rig.pages.committed("T", "L1");
  rig.pages.committed("T", "of about:blank");
  const auto told = rig.told.size();
  rig.pages.on_load("T", 99);
  EXPECT_EQ(rig.told.size(), told);
  EXPECT_EQ(rig.pages.page_of("T", "of about:blank"), "page_1");
}

TEST(HarPages, KeepNoMoreNavigationsThanTheirLimit) {
  Rig rig;
  rig.pages.open("T", "L", "http://a/", 10, 1000);
  rig.pages.committed("T", "L");
  for (int i = 0; i < 100; ++i)
    rig.pages.open("T", "download " + std::to_string(i), "http://a/", 11, 1000);
  EXPECT_EQ(rig.pages.page_of("T", "L"), "page_1");
  EXPECT_EQ(rig.pages.page_of("T", "download 99"), "page_101");
  EXPECT_EQ(rig.pages.page_of("T", "download 50"), "page_1");
}

TEST(HarPages, TellWhenTheyHadLoaded) {
  Rig rig;
  rig.pages.open("T", "L1", "http://a/?token=x", 10, 1000);
  rig.pages.on_content_load("T", 10.5);
  rig.pages.on_load("T", 11);
  const auto& timings = rig.told.back().at("pageTimings").as_object();
  EXPECT_EQ(timings.at("onContentLoad"), 500.0);
  EXPECT_EQ(timings.at("onLoad"), 1000.0);
  EXPECT_EQ(rig.told.back().at("title"), "http://a/?token=[redacted]");
}

}  // namespace
}  // namespace pbaas::recording
