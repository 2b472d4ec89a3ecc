#include "net/control_frame.h"

#include <gtest/gtest.h>

namespace pbaas::net {
namespace {

TEST(ControlFrame, PutsCodeAndReasonIntoAClose) {
  EXPECT_EQ(encode_close({1011, "lost"}), std::string("\x88\x06\x03\xF3lost"));
}

TEST(ControlFrame, CutsALongReasonWhereACharacterEnds) {
  // 122 letters and a character of two bytes, of which only the first would fit.
  const std::string bytes = encode_close({1000, std::string(122, 'a') + "\xC3\xA9"});
  EXPECT_EQ(bytes.size(), 2u + 2u + 122u);
  EXPECT_EQ(bytes[1], 124);
}

TEST(ControlFrame, KeepsAReasonThatJustFits) {
  EXPECT_EQ(encode_close({1000, std::string(123, 'a')}).size(), 2u + 125u);
}

TEST(ControlFrame, MasksAClientsClose) {
  EXPECT_EQ(encode_client_close(1001), std::string("\x88\x82\0\0\0\0\x03\xE9", 8));
}

TEST(ControlFrame, PingsWithoutAPayload) {
  EXPECT_EQ(encode_ping(), std::string("\x89\x00", 2));
}

}  // namespace
}  // namespace pbaas::net
