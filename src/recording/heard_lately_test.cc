#include "recording/heard_lately.h"

#include <gtest/gtest.h>

#include <string>

namespace pbaas::recording {
namespace {

TEST(HeardLately, KnowsWhatItWasToldOf) {
  HeardLately heard;
  heard.note("a");
  heard.note("a");
  EXPECT_TRUE(heard.contains("a"));
  EXPECT_FALSE(heard.contains("b"));
}

TEST(HeardLately, ForgetsTheOldest) {
  HeardLately heard;
  for (std::size_t i = 0; i <= kHeardMax; ++i) heard.note(std::to_string(i));
  EXPECT_FALSE(heard.contains("0"));
  EXPECT_TRUE(heard.contains("1"));
}

}  // namespace
}  // namespace pbaas::recording
