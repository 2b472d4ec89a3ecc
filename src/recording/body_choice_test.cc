#include "recording/body_choice.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

Exchange answered(const char* type, double bytes = 10) {
  Exchange exchange;
  exchange.response = {{"mimeType", type}, {"status", 200}, {"remoteIPAddress", "127.0.0.1"}};
  exchange.request = {{"method", "GET"}};
  exchange.decoded_bytes = bytes;
  return exchange;
}

session::HarOptions with(session::HarBodies bodies) {
  session::HarOptions options;
  options.bodies = bodies;
  options.body_bytes_max = 100;
  return options;
}

TEST(BodyChoice, IsByTheKindThatWasAskedFor) {
  EXPECT_FALSE(choose_body(with(session::HarBodies::kNone), answered("text/html")));
  EXPECT_TRUE(choose_body(with(session::HarBodies::kText), answered("application/ld+json")));
  EXPECT_FALSE(choose_body(with(session::HarBodies::kText), answered("image/png")));
  EXPECT_TRUE(choose_body(with(session::HarBodies::kAll), answered("image/png")));
}

TEST(BodyChoice, LeavesOutWhatIsTooLongOrEndless) {
  const auto all = with(session::HarBodies::kAll);
  EXPECT_FALSE(choose_body(all, answered("text/html", 101)));
  auto stream = answered("text/event-stream");
  stream.type = "EventSource";
  EXPECT_FALSE(choose_body(all, stream));
  auto head = answered("text/html");
  head.request["method"] = "HEAD";
  EXPECT_FALSE(choose_body(all, head));
}

TEST(BodyChoice, KnowsWhatTheClientItselfAnswered) {
  auto exchange = answered("text/html");
  EXPECT_FALSE(is_fulfilled(exchange));
  exchange.response->erase("remoteIPAddress");
  EXPECT_TRUE(is_fulfilled(exchange));
  (*exchange.response)["fromServiceWorker"] = true;
  EXPECT_FALSE(is_fulfilled(exchange));
}

TEST(BodyCut, KeepsCharactersAndBase64Whole) {
  EXPECT_EQ(cut_body({"aü", false}, 2).text, "a");
  const auto cut = cut_body({"Zm9vYmFy", true}, 5);
  EXPECT_EQ(cut.text, "Zm9v");
  EXPECT_TRUE(cut.cut);
  EXPECT_EQ(decoded_size({"Zm9vYg==", true}), 4u);
  EXPECT_FALSE(cut_body({"abc", false}, 3).cut);
}

}  // namespace
}  // namespace pbaas::recording
