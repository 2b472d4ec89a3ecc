#include "recording/har_chain.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

boost::json::object headers(const char* name) {
  return {{"headers", {{name, "1"}}}, {"statusCode", 200}, {"headersText", "12345"}};
}

HarHop& add_hop(HarChain& chain, bool has_extra) {
  auto& hop = chain.hops.emplace_back();
  hop.exchange.started = 1;
  hop.exchange.ended = 2;
  hop.exchange.response.emplace();
  hop.has_extra = has_extra;
  return hop;
}

TEST(HarChain, GivesEachHopTheHeadersOfItsOwnTurn) {
  HarChain chain;
  add_hop(chain, true);
  add_hop(chain, true);
  for (const char* name : {"First", "Second"}) {
    chain.add_received(headers(name));
    chain.add_sent(headers(name));
  }
  EXPECT_EQ((*chain.take_complete(false)->sent)[0].first, "First");
  EXPECT_EQ((*chain.take_complete(false)->received)[0].first, "Second");
  EXPECT_TRUE(chain.is_over());
}

TEST(HarChain, GivesNoHeadersToAHopThatHasNone) {
  HarChain chain;
  chain.add_sent(headers("Of the second"));
  chain.add_received(headers("Of the second"));
  add_hop(chain, false);
  add_hop(chain, true);
  EXPECT_FALSE(chain.take_complete(false)->sent);
  EXPECT_TRUE(chain.take_complete(false)->sent);
}

TEST(HarChain, WaitsForHeadersAndBodyUnlessForced) {
  HarChain chain;
  add_hop(chain, true).body_pending = true;
  EXPECT_FALSE(chain.take_complete(false));
  chain.add_sent(headers("A"));
  chain.add_received(headers("A"));
  EXPECT_FALSE(chain.take_complete(false));
  EXPECT_TRUE(chain.take_complete(true));
}

TEST(HarChain, WaitsForNoHeadersOfARequestThatFailed) {
  HarChain chain;
  add_hop(chain, false).exchange.response.reset();
  chain.add_sent(headers("A"));
  const auto failed = chain.take_complete(false);
  ASSERT_TRUE(failed);
  EXPECT_TRUE(failed->sent);
}

}  // namespace
}  // namespace pbaas::recording
