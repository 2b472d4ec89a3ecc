#include "egress/mailbox.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <thread>

namespace pbaas::egress {
namespace {

bool awake(const Mailbox& mailbox) {
  pollfd wait{.fd = mailbox.wake_fd(), .events = POLLIN, .revents = 0};
  return ::poll(&wait, 1, 0) == 1;
}

TEST(Mailbox, WakesForAPostAndSleepsOnceItIsTaken) {
  Mailbox mailbox;
  EXPECT_FALSE(awake(mailbox));
  mailbox.post(EndPost{7});
  EXPECT_TRUE(awake(mailbox));
  EXPECT_EQ(mailbox.take().size(), 1u);
  EXPECT_FALSE(awake(mailbox));
}

TEST(Mailbox, LosesNothingFromManyThreads) {
  Mailbox mailbox;
  constexpr std::size_t each = 1'000;
  const auto post_many = [&] {
    for (std::size_t i = 0; i < each; ++i) mailbox.post(EndPost{i});
  };
  std::thread one(post_many);
  std::thread two(post_many);
  std::size_t taken = 0;
  while (taken < 2 * each) taken += mailbox.take().size();
  one.join();
  two.join();
  EXPECT_EQ(taken, 2 * each);
}

}  // namespace
}  // namespace pbaas::egress
