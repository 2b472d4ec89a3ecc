#include "recording/screencast.h"

#include <gmock/gmock.h>

#include <boost/json/parse.hpp>

#include "recording/har_values.h"

namespace pbaas::recording {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Rig {
  std::vector<std::string> sent;
  std::vector<std::string> frames;
  CdpCommands commands{[this](std::string message) {
    const auto object = boost::json::parse(message).as_object();
    const auto method = text_of(object, "method");
    sent.push_back(text_of(object, "sessionId") + " " + method.substr(5));
  }};
  Screencast screencast{commands, session::VideoOptions{1280, 720, 10},
                        [this](double, std::string_view data) { frames.emplace_back(data); }};
  Instant now{Duration(1'000'000)};

  void attach(const std::string& session) {
    screencast.attached({session, "B", "T" + session, "page"});
  }
  void visible(const std::string& session, bool is = true) {
    screencast.event(session, "Page.screencastVisibilityChanged", {{"visible", is}}, now);
  }
  void frame(const std::string& session, const std::string& data) {
    screencast.event(session, "Page.screencastFrame",
                     {{"data", data}, {"sessionId", 1}, {"metadata", {{"timestamp", 1.0}}}}, now);
  }
  void pass(int ms) {
    now += Duration(ms);
    screencast.tick(now);
  }
  std::vector<std::string> said() { return std::exchange(sent, {}); }
};

TEST(Screencast, PacesFramesByAcknowledgingThem) {
  Rig rig;
  rig.attach("1");
  rig.visible("1");
  rig.said();
  rig.frame("1", "a");
  rig.frame("1", "b");
  EXPECT_THAT(rig.said(), ElementsAre("1 screencastFrameAck"));
  EXPECT_EQ(rig.screencast.next_due(rig.now + Duration(500)), rig.now + Duration(100));
  rig.pass(99);
  EXPECT_THAT(rig.said(), IsEmpty());
  rig.pass(1);
  EXPECT_THAT(rig.said(), ElementsAre("1 screencastFrameAck"));
  EXPECT_THAT(rig.frames, ElementsAre("a", "b"));
}

TEST(Screencast, AsksForTheLastOfAMovementThatWasHeldBack) {
  Rig rig;
  rig.attach("1");
  rig.visible("1");
  for (int i = 0; i < kFramesInFlightMax + 1; ++i) rig.frame("1", "x");
  rig.pass(150);
  rig.said();
  rig.pass(150);
  EXPECT_THAT(rig.said(), ElementsAre("1 screencastFrameAck", "1 screencastFrameAck",
                                      "1 stopScreencast", "1 startScreencast"));
  rig.pass(1000);
  EXPECT_THAT(rig.said(), IsEmpty());
}

TEST(Screencast, FollowsTabsThatHideEachOther) {
  Rig rig;
  rig.attach("1");
  rig.visible("1");
  rig.attach("2");
  rig.visible("1", false);
  rig.visible("2");
  EXPECT_EQ(rig.screencast.front(), "2");
  EXPECT_THAT(rig.said(), ElementsAre("1 startScreencast", "2 startScreencast"));
  rig.visible("2", false);
  rig.visible("1");
  rig.frame("2", "of the other");
  rig.frame("1", "of the front");
  EXPECT_THAT(rig.frames, ElementsAre("of the front"));
}

TEST(Screencast, StopsThePageBeforeWhereAllAreVisible) {
  Rig rig;
  rig.attach("1");
  rig.visible("1");
  rig.attach("2");
  rig.visible("2");
  EXPECT_THAT(rig.said(),
              ElementsAre("1 startScreencast", "2 startScreencast", "1 stopScreencast"));
  rig.screencast.event("1", "Page.frameNavigated", {{"frame", {{"id", "F"}}}}, rig.now);
  EXPECT_EQ(rig.screencast.front(), "1");
  EXPECT_THAT(rig.said(), ElementsAre("2 stopScreencast", "1 startScreencast"));
}

TEST(Screencast, GoesBackToThePageBeforeWhenOneCloses) {
  Rig rig;
  for (const char* session : {"1", "2", "3"}) {
    rig.attach(session);
    rig.visible(session);
  }
  rig.said();
  rig.screencast.detached("3");
  EXPECT_EQ(rig.screencast.front(), "2");
  EXPECT_THAT(rig.said(), ElementsAre("2 startScreencast"));
}

TEST(Screencast, StartsAgainWhereFramesWereLost) {
  Rig rig;
  rig.attach("1");
  rig.visible("1");
  rig.frame("1", "a");
  rig.said();
  rig.screencast.refresh();
  EXPECT_THAT(rig.said(), ElementsAre("1 stopScreencast", "1 startScreencast"));
}

TEST(Screencast, StartsPagesThatAreHiddenAgainToo) {
  Rig rig;
  rig.attach("1");
  rig.visible("1");
  rig.attach("2");
  rig.visible("1", false);
  rig.visible("2");
  rig.frame("1", "not acknowledged yet");
  rig.said();
  rig.screencast.refresh();
  EXPECT_THAT(rig.said(), ElementsAre("1 stopScreencast", "1 startScreencast", "2 stopScreencast",
                                      "2 startScreencast"));
}

}  // namespace
}  // namespace pbaas::recording
