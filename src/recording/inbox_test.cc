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
  Inbox inbox;
  inbox.put(message("a"), Urgency::kNow);
  inbox.put(message("b"), Urgency::kNow);
  const auto taken = inbox.take(Duration(0));
  ASSERT_EQ(taken.messages.size(), 2u);
  EXPECT_EQ(taken.messages[1].text, "b");
  EXPECT_TRUE(inbox.take(Duration(0)).messages.empty());
}

TEST(Inbox, WakesWhoWaits) {
  Inbox inbox;
  std::thread other([&] { inbox.put(message("a"), Urgency::kNow); });
  const auto taken = inbox.take(Duration(10'000));
  EXPECT_TRUE(taken.was_urgent);
  EXPECT_EQ(taken.messages.size(), 1u);
  other.join();
}

TEST(Inbox, TakesAlongWhatIsNotUrgent) {
  Inbox inbox;
  inbox.put(message("a"), Urgency::kAlong);
  auto taken = inbox.take(Duration(0));
  EXPECT_FALSE(taken.was_urgent);
  EXPECT_EQ(taken.messages.size(), 1u);

  inbox.put(message("b"), Urgency::kAlong);
  inbox.put(message("c"), Urgency::kNow);
  inbox.put(message("d"), Urgency::kAlong);
  taken = inbox.take(Duration(0));
  EXPECT_TRUE(taken.was_urgent);
  EXPECT_EQ(taken.messages.size(), 3u);
  EXPECT_FALSE(inbox.take(Duration(0)).was_urgent);
}

TEST(Inbox, IsUrgentOnceManyHaveComeAlong) {
  Inbox inbox;
  const auto put_small = [&](std::size_t count) {
    while (count-- > 0) inbox.put(message("a"), Urgency::kAlong);
  };
  put_small(kInboxMessagesAlong - 1);
  EXPECT_FALSE(inbox.take(Duration(0)).was_urgent);
  put_small(kInboxMessagesAlong);
  EXPECT_TRUE(inbox.take(Duration(0)).was_urgent);

  const std::string nearly(kInboxBytesAlong - 1, 'x');
  inbox.put(message(nearly), Urgency::kAlong);
  EXPECT_FALSE(inbox.take(Duration(0)).was_urgent);
  inbox.put(message(nearly), Urgency::kAlong);
  put_small(1);
  EXPECT_TRUE(inbox.take(Duration(0)).was_urgent);
}

TEST(Inbox, LosesWhatItHasNoRoomForAndSaysSo) {
  Inbox inbox;
  inbox.put(message(std::string(kInboxBytesMax, 'x')), Urgency::kNow);
  inbox.put(message("y"), Urgency::kNow);
  const auto taken = inbox.take(Duration(0));
  EXPECT_EQ(taken.messages.size(), 1u);
  EXPECT_EQ(taken.lost, 1u);
  inbox.put(message("z"), Urgency::kNow);
  EXPECT_EQ(inbox.take(Duration(0)).lost, 0u);
}

TEST(Inbox, SaysThatItIsClosed) {
  Inbox inbox;
  inbox.put(message("a"), Urgency::kNow);
  inbox.close();
  const auto taken = inbox.take(Duration(10'000));
  EXPECT_EQ(taken.messages.size(), 1u);
  EXPECT_TRUE(taken.is_closed);
}

TEST(Inbox, TakesMoreWhenItWasAskedToStop) {
  Inbox inbox;
  inbox.ask_to_stop();
  inbox.put(message("a"), Urgency::kNow);
  const auto taken = inbox.take(Duration(0));
  EXPECT_TRUE(taken.is_asked_to_stop);
  EXPECT_EQ(taken.messages.size(), 1u);
}

}  // namespace
}  // namespace pbaas::recording
