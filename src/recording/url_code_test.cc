#include "recording/url_code.h"

#include <gtest/gtest.h>

namespace pbaas::recording {
namespace {

TEST(UrlCode, ReadsEscapesAndLeavesWhatIsNone) {
  EXPECT_EQ(percent_decoded("a%3Db%2f%"), "a=b/%");
  EXPECT_EQ(percent_decoded("100%+1%2"), "100%+1%2");
  EXPECT_EQ(percent_decoded("%zz%4"), "%zz%4");
}

TEST(UrlCode, TakesAPlusForABlankInFormsAlone) {
  EXPECT_EQ(form_decoded("a+b%2B"), "a b+");
  EXPECT_EQ(percent_decoded("a+b"), "a+b");
}

TEST(UrlCode, WritesWhatItReads) {
  const std::string text = "a b&c=[ü]~";
  EXPECT_EQ(percent_encoded("a b=~"), "a%20b%3D~");
  EXPECT_EQ(percent_decoded(percent_encoded(text)), text);
}

}  // namespace
}  // namespace pbaas::recording
