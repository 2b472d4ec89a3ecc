#include "recording/target_watch.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <vector>

#include "recording/har_values.h"

namespace pbaas::recording {
namespace {

using ::testing::ElementsAre;

struct Rig {
  std::vector<std::string> sent;
  std::vector<std::int64_t> ids;
  std::vector<std::string> attached;
  std::vector<std::string> trees;
  int ready = 0;
  CdpCommands commands{[this](std::string message) {
    const auto object = boost::json::parse(message).as_object();
    sent.push_back(text_of(object, "sessionId") + " " + text_of(object, "method"));
    ids.push_back(object.at("id").as_int64());
  }};
  TargetWatch watch{commands,
                    "B",
                    TellNetwork::kYes,
                    {[this](const AttachedTarget& target) { attached.push_back(target.target); },
                     [this](const std::string& session) { attached.push_back("-" + session); },
                     [this] { ++ready; },
                     [this](const std::string& session, const boost::json::object& tree) {
                       trees.push_back(session + " " + boost::json::serialize(tree));
                     }}};

  void attach(const std::string& parent, const std::string& session, const std::string& type) {
    attach(parent, session, type, "T" + session);
  }
  void attach(const std::string& parent, const std::string& session, const std::string& type,
              const std::string& target) {
    watch.event(parent, "Target.attachedToTarget",
                {{"sessionId", session},
                 {"targetInfo", {{"targetId", target}, {"type", type}, {"url", ""}}}});
  }
  void detach(const std::string& session) {
    watch.event("B", "Target.detachedFromTarget", {{"sessionId", session}});
  }
};

TEST(TargetWatch, AttachesToWhatPagesHold) {
  Rig rig;
  rig.watch.start();
  rig.attach("B", "1", "page");
  rig.attach("1", "2", "worker");
  EXPECT_THAT(rig.sent,
              ElementsAre("B Target.setAutoAttach", "1 Network.enable", "1 Page.enable",
                          "1 Target.setAutoAttach", "1 Page.getResourceTree", "2 Network.enable"));
}

TEST(TargetWatch, TakesNoTargetTwiceAndNoneOfOthers) {
  Rig rig;
  rig.attach("B", "1", "page");
  rig.attach("B", "1", "page");
  rig.attach("another's", "3", "page");
  EXPECT_THAT(rig.attached, ElementsAre("T1"));
}

TEST(TargetWatch, IsReadyOnceEverybodyAnswered) {
  Rig rig;
  rig.watch.start();
  rig.attach("B", "1", "page");
  for (std::size_t i = 0; i < rig.ids.size(); ++i) {
    EXPECT_EQ(rig.ready, 0);
    EXPECT_TRUE(rig.watch.answer({.id = rig.ids[i]}));
  }
  EXPECT_EQ(rig.ready, 1);
  EXPECT_FALSE(rig.watch.answer({.id = rig.ids[0]}));
}

TEST(TargetWatch, TellsWhatFramesHoldOnce) {
  Rig rig;
  rig.attach("B", "1", "page");
  for (const auto id : rig.ids) {
    rig.watch.answer({.session = "1", .id = id, .content = {{"frameTree", {{"frame", id}}}}});
  }
  EXPECT_THAT(rig.trees, ElementsAre(R"(1 {"frame":)" + std::to_string(rig.ids.back()) + "}"));
}

TEST(TargetWatch, IsIdleWhereNoTreeIsToCome) {
  Rig rig;
  rig.attach("B", "1", "page");
  rig.attach("B", "2", "page");
  EXPECT_FALSE(rig.watch.is_idle());
  for (const auto id : rig.ids) rig.watch.answer({.session = "1", .id = id});
  rig.attach("B", "3", "page");
  EXPECT_FALSE(rig.watch.is_idle());
  rig.detach("3");
  EXPECT_TRUE(rig.watch.is_idle());
}

TEST(TargetWatch, TellsOfATargetThatWent) {
  Rig rig;
  rig.attach("B", "1", "page");
  rig.detach("1");
  rig.detach("1");
  EXPECT_THAT(rig.attached, ElementsAre("T1", "-1"));
}

TEST(TargetWatch, GoesOnInATargetsOtherSessionWhenOneGoes) {
  Rig rig;
  rig.attach("B", "1", "page");
  rig.attach("1", "2", "worker", "T");
  rig.attach("B", "3", "worker", "T");
  rig.attach("B", "4", "worker", "T");
  rig.sent.clear();
  rig.detach("3");
  rig.detach("2");
  EXPECT_THAT(rig.attached, ElementsAre("T1", "T", "-2", "T"));
  EXPECT_THAT(rig.sent, ElementsAre("4 Network.enable"));
}

}  // namespace
}  // namespace pbaas::recording
