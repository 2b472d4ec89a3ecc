#include "recording/inbox.h"

#include <gtest/gtest.h>

#include <thread>

namespace pbaas::recording {
namespace {

browser::PipeMessage message(std::string text) {
  const auto bytes = text.size();
  return {std::move(text), bytes};
}

TEST(Inbox, GivesWhatWasPutInOrder) {
  Inbox inbox(AskBodies::kNo);
  inbox.put(message("a"));
  inbox.put(message("b"));
  const auto taken = inbox.take(Duration(0));
  ASSERT_EQ(taken.messages.size(), 2u);
  EXPECT_EQ(taken.messages[1].text, "b");
  EXPECT_TRUE(inbox.take(Duration(0)).messages.empty());
}

TEST(Inbox, WakesWhoWaits) {
  Inbox inbox(AskBodies::kNo);
  std::thread other([&] { inbox.put(message("a")); });
  EXPECT_EQ(inbox.take(Duration(10'000)).messages.size(), 1u);
  other.join();
}

TEST(Inbox, IsNotWokenByWhatNobodyAnswersTo) {
  Inbox inbox(AskBodies::kNo);
  inbox.put(message(R"({"method":"Network.responseReceived","params":{}})"));
  inbox.put(message(R"({"method":"Network.loadingFinished","params":{}})"));
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(inbox.take(Duration(30)).messages.size(), 2u);
  EXPECT_GE(std::chrono::steady_clock::now() - began, Duration(30));
}

TEST(Inbox, IsWokenByTheEndOfARequestWhoseBodyIsAskedFor) {
  Inbox inbox(AskBodies::kYes);
  inbox.put(message(R"({"method":"Network.responseReceived","params":{}})"));
  inbox.put(message(R"({"method":"Network.loadingFinished","params":{}})"));
  EXPECT_EQ(inbox.take(Duration(10'000'000)).messages.size(), 2u);
}

TEST(Inbox, IsWokenByWhatHasGathered) {
  Inbox inbox(AskBodies::kNo);
  for (std::size_t i = 0; i <= kInboxMessagesGathered; ++i)
    inbox.put(message(R"({"method":"Network.dataReceived"})"));
  EXPECT_EQ(inbox.take(Duration(10'000'000)).messages.size(), kInboxMessagesGathered + 1);

  inbox.put(
      message(R"({"method":"Network.dataReceived"})" + std::string(kInboxBytesGathered, ' ')));
  inbox.put(message(R"({"method":"Network.dataReceived"})"));
  EXPECT_EQ(inbox.take(Duration(10'000'000)).messages.size(), 2u);
}

TEST(Inbox, LosesWhatItHasNoRoomForAndSaysSo) {
  Inbox inbox(AskBodies::kNo);
  inbox.put(message(std::string(kInboxBytesMax, 'x')));
  inbox.put(message("y"));
  const auto taken = inbox.take(Duration(0));
  EXPECT_EQ(taken.messages.size(), 1u);
  EXPECT_EQ(taken.lost, 1u);
  inbox.put(message("z"));
  EXPECT_EQ(inbox.take(Duration(0)).lost, 0u);
}

TEST(Inbox, SaysThatItIsClosed) {
  Inbox inbox(AskBodies::kNo);
  inbox.put(message("a"));
  inbox.close();
  const auto taken = inbox.take(Duration(10'000));
  EXPECT_EQ(taken.messages.size(), 1u);
  EXPECT_TRUE(taken.is_closed);
}

TEST(Inbox, TakesMoreWhenItWasAskedToStop) {
  Inbox inbox(AskBodies::kNo);
  inbox.ask_to_stop();
  inbox.put(message("a"));
  const auto taken = inbox.take(Duration(0));
  EXPECT_TRUE(taken.is_asked_to_stop);
  EXPECT_EQ(taken.messages.size(), 1u);
}

}  // namespace
}  // namespace pbaas::recording
