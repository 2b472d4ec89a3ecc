#include "recording/base64.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

TEST(Base64, DecodesTheExamplesOfItsStandard) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode_base64("/9j/"), "\xFF\xD8\xFF");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  EXPECT_FALSE(decode_base64("Zm9"));
  EXPECT_FALSE(decode_base64("Zm9?"));
}

}  // namespace
}  // namespace pbaas::recording
