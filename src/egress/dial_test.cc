#include "egress/dial.h"

#include <gtest/gtest.h>
#include <ifaddrs.h>
#include <poll.h>

#include "egress/egress_rig.h"

namespace pbaas::egress {
namespace {

using namespace testing;

Dial::Progress finish(Dial& dial, const UniqueFd& fd) {
  pollfd wait{.fd = fd.get(), .events = POLLOUT, .revents = 0};
  ::poll(&wait, 1, 10'000);
  return dial.progress(fd.get());
}

TEST(IsOwnAddress, KnowsWhatEndsAtThisMachine) {
  ifaddrs* interfaces = nullptr;
  ASSERT_EQ(::getifaddrs(&interfaces), 0);
  int checked = 0;
  for (const auto* each = interfaces; each != nullptr; each = each->ifa_next) {
    const auto own = each->ifa_addr ? IpAddress::from(each->ifa_addr) : std::nullopt;
    if (!own || kind_of(*own) == AddressKind::kLinkLocal) continue;
    EXPECT_TRUE(is_own_address(*own)) << own->text();
    ++checked;
  }
  ::freeifaddrs(interfaces);
  EXPECT_GT(checked, 0);
  EXPECT_FALSE(is_own_address(address("192.0.2.1")));
}

TEST(KnownAddresses, LocalhostIsLoopbackWithoutAResolver) {
  for (const auto* host : {"localhost:80", "LOCALHOST.:80", "a.localhost:80"})
    EXPECT_EQ(known_addresses(place(host))->size(), 2u) << host;
  EXPECT_FALSE(known_addresses(place("localhost.example:80")));
  EXPECT_EQ(known_addresses(place("1.2.3.4:80"))->front(), address("1.2.3.4"));
}

TEST(Dial, ConnectsToTheFirstThatAnswers) {
  const UniqueFd listener = listen_on_loopback("127.0.0.2");
  const EgressPolicy policy = allow_loopback();
  Dial dial(place("a.example:" + std::to_string(port_of(listener))), policy);
  dial.take({ResolveStatus::kFound, {address("127.0.0.3"), address("127.0.0.2")}});
  const UniqueFd refused = dial.next();
  EXPECT_EQ(finish(dial, refused), Dial::Progress::kFailed);
  const UniqueFd connected = dial.next();
  EXPECT_EQ(finish(dial, connected), Dial::Progress::kConnected);
}

TEST(Dial, LeavesOutWhatThePolicyRefuses) {
  const EgressPolicy policy;
  Dial dial(place("a.example:80"), policy);
  dial.take({ResolveStatus::kFound, {address("127.0.0.1"), address("10.0.0.1")}});
  EXPECT_FALSE(dial.next().valid());
  EXPECT_EQ(dial.failure().word(), "private");
}

TEST(Dial, TriesEightAddressesAtMost) {
  const EgressPolicy policy = allow_loopback();
  Dial dial(place("a.example:1"), policy);
  dial.take({ResolveStatus::kFound, std::vector(100, address("127.0.0.1"))});
  int tried = 0;
  while (dial.next().valid()) ++tried;
  EXPECT_EQ(tried, 8);
}

TEST(Dial, SaysWhyANameHasNoAddress) {
  const EgressPolicy policy;
  const std::pair<ResolveStatus, const char*> statuses[] = {
      {ResolveStatus::kNotFound, "name_not_found"},
      {ResolveStatus::kFailed, "resolver_failed"},
      {ResolveStatus::kTimeout, "resolver_timeout"},
      {ResolveStatus::kBusy, "resolver_busy"},
      {ResolveStatus::kFound, "name_not_found"}};
  for (const auto& [status, word] : statuses) {
    Dial dial(place("a.example:1"), policy);
    dial.take({status, {}});
    EXPECT_FALSE(dial.next().valid());
    EXPECT_EQ(dial.failure().word(), word);
  }
}

}  // namespace
}  // namespace pbaas::egress
