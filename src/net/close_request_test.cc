#include "net/close_request.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace pbaas::net {
namespace {

std::vector<std::byte> frame(std::string_view text, unsigned char first = 0x81) {
  constexpr unsigned char kMask[] = {0x12, 0x00, 0xfe, 0x7a};
  std::vector<std::byte> bytes{std::byte{first}, std::byte(0x80 | text.size())};
  for (const auto each : kMask) bytes.push_back(std::byte{each});
  for (std::size_t i = 0; i < text.size(); ++i) {
    bytes.push_back(std::byte(static_cast<unsigned char>(text[i])) ^ std::byte{kMask[i % 4]});
  }
  return bytes;
}

TEST(CloseRequest, IsSeenAsPuppeteerAndOthersSendIt) {
  EXPECT_TRUE(asks_to_close(frame(R"({"method":"Browser.close","id":12})")));
  EXPECT_TRUE(asks_to_close(frame(R"({"id": 1, "method": "Browser.close", "params": {}})")));
}

TEST(CloseRequest, IsSeenBehindCommandsThatCameWithIt) {
  auto bytes = frame(R"({"id":1,"method":"Browser.getVersion"})");
  const auto close = frame(R"({"id":2,"method":"Browser.close"})");
  bytes.insert(bytes.end(), close.begin(), close.end());
  EXPECT_TRUE(asks_to_close(bytes));
}

TEST(CloseRequest, IsNotSeenInOtherMessages) {
  EXPECT_FALSE(asks_to_close(frame(R"({"id":1,"method":"Browser.getVersion"})")));
  EXPECT_FALSE(asks_to_close(frame(R"({"id":1,"method":"Browser.closeWindow"})")));
  EXPECT_FALSE(asks_to_close(frame("")));
  EXPECT_FALSE(asks_to_close({}));
}

TEST(CloseRequest, LooksIntoWholeMaskedTextFramesAlone) {
  const std::string close = R"({"method":"Browser.close","id":1})";
  EXPECT_FALSE(asks_to_close(frame(close, 0x01))) << "more of the message follows";
  EXPECT_FALSE(asks_to_close(frame(close, 0x82))) << "binary";
  auto split = frame(close);
  split.pop_back();
  EXPECT_FALSE(asks_to_close(split));
  auto unmasked = frame(close);
  unmasked[1] &= std::byte{0x7f};
  EXPECT_FALSE(asks_to_close(unmasked));
  EXPECT_FALSE(asks_to_close(frame(close + std::string(125 - close.size() + 1, ' '))));
}

}  // namespace
}  // namespace pbaas::net
