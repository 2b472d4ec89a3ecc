#include "recording/body_fetcher.h"

#include <gmock/gmock.h>

#include <vector>

namespace pbaas::recording {
namespace {

using ::testing::ElementsAre;

struct Rig {
  int sent = 0;
  std::vector<std::string> bodies;
  CdpCommands commands{[this](std::string) { ++sent; }};
  BodyFetcher fetcher{commands, [this](const std::string& id, std::optional<Body> body) {
                        bodies.push_back(id + "=" + (body ? body->text : "none"));
                      }};
  Instant now{};

  bool answer(int number, std::string text) {
    CdpMessage message;
    message.id = (1 << 30) + number;
    message.content = {{"body", std::move(text)}, {"base64Encoded", false}};
    return fetcher.answer(message, now);
  }
};

TEST(BodyFetcher, AsksForOneAtATime) {
  Rig rig;
  rig.fetcher.want("S", "1", rig.now);
  rig.fetcher.want("S", "2", rig.now);
  EXPECT_EQ(rig.sent, 1);
  EXPECT_TRUE(rig.answer(0, "a"));
  EXPECT_EQ(rig.sent, 2);
  EXPECT_FALSE(rig.answer(0, "again"));
  EXPECT_THAT(rig.bodies, ElementsAre("1=a"));
}

TEST(BodyFetcher, GoesOnWithoutAnAnswer) {
  Rig rig;
  rig.fetcher.want("S", "1", rig.now);
  rig.fetcher.want("S", "2", rig.now);
  rig.fetcher.tick(rig.now + kBodyAnswerWait);
  EXPECT_THAT(rig.bodies, ElementsAre("1=none"));
  EXPECT_EQ(rig.sent, 2);
}

TEST(BodyFetcher, ForgetsWhatATargetHadThatWent) {
  Rig rig;
  rig.fetcher.want("S", "1", rig.now);
  rig.fetcher.want("S", "2", rig.now);
  rig.fetcher.want("other", "3", rig.now);
  rig.fetcher.detached("S", rig.now);
  EXPECT_THAT(rig.bodies, ElementsAre("2=none", "1=none"));
  EXPECT_TRUE(rig.answer(1, "c"));
  EXPECT_TRUE(rig.fetcher.is_idle());
}

TEST(BodyFetcher, LetsNoMoreWaitThanItsLimit) {
  Rig rig;
  for (std::size_t i = 0; i < kWaitingBodiesMax + 2; ++i) {
    rig.fetcher.want("S", std::to_string(i), rig.now);
  }
  EXPECT_EQ(rig.bodies.size(), 1u);
}

}  // namespace
}  // namespace pbaas::recording
