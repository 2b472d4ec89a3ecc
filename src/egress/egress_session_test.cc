#include "egress/egress_session.h"

#include <gtest/gtest.h>

namespace pbaas::egress {
namespace {

EgressSpec chained(std::string_view bypass) {
  session::UpstreamProxy proxy;
  proxy.server = parse_host_port("proxy.example:3128", 0).value();
  proxy.bypass = session::ProxyBypass::parse(bypass).value();
  return {.session = "s", .proxy = proxy};
}

HostPort place(std::string_view text) {
  return parse_host_port(text, 0).value();
}

TEST(EgressSession, GoesThroughItsProxyButForWhatBypassesIt) {
  EgressMeter all;
  EgressSession session(chained("*.internal"), std::make_shared<EgressMeter>(), all);
  ASSERT_TRUE(session.upstream_for(place("a.example:80")));
  EXPECT_EQ(session.upstream_for(place("a.example:80"))->server.port, 3128);
  EXPECT_FALSE(session.upstream_for(place("a.internal:80")));
}

TEST(EgressSession, GoesByTheProxyOfItsNewSpec) {
  EgressMeter all;
  EgressSession session({}, std::make_shared<EgressMeter>(), all);
  EXPECT_FALSE(session.upstream_for(place("a.example:80")));
  session.assign(chained(""));
  EXPECT_TRUE(session.upstream_for(place("a.example:80")));
}

TEST(EgressSession, CountsForItselfAndForAll) {
  EgressMeter all;
  const auto own = std::make_shared<EgressMeter>();
  EgressSession session({}, own, all);
  session.count_up(3);
  session.count_down(5);
  session.count_connection();
  const EgressCounts counts{.bytes_up = 3, .bytes_down = 5, .connections = 1, .refusals = 0};
  EXPECT_EQ(own->counts(), counts);
  EXPECT_EQ(all.counts(), counts);
}

// Lines of the log, which goes to stderr.
std::size_t lines_of(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(EgressSession, CountsEveryRefusalAndLogsTheFirstFew) {
  EgressMeter all;
  const auto own = std::make_shared<EgressMeter>();
  EgressSession session({.session = "s1"}, own, all);
  const Failure failure{FailureKind::kRefusedAddress, AddressKind::kPrivate};
  const Instant now{Duration{1'000'000}};
  testing::internal::CaptureStderr();
  for (int i = 0; i < 1'000; ++i) session.note_refusal(failure, place("10.0.0.1:80"), now);
  const auto first = testing::internal::GetCapturedStderr();
  EXPECT_EQ(own->counts().refusals, 1'000u);
  EXPECT_EQ(lines_of(first), 20u);
  EXPECT_NE(first.find("10.0.0.1"), std::string::npos);

  testing::internal::CaptureStderr();
  session.note_refusal(failure, place("10.0.0.1:80"), now + Duration{10'000});
  const auto later = testing::internal::GetCapturedStderr();
  EXPECT_NE(later.find("\"more_before\":980"), std::string::npos) << later;
}

}  // namespace
}  // namespace pbaas::egress
