#include "recording/ebml.h"

#include <gtest/gtest.h>

namespace pbaas::recording::ebml {
namespace {

TEST(Ebml, ReadsBackTheHeadsItWrites) {
  for (const Id id : {kVoid, kSeek, kTimestampScale, kCluster}) {
    const auto text = head(id, 70'000);
    const auto read = read_head(text);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->id, id);
    EXPECT_EQ(read->size, 70'000u);
    EXPECT_EQ(read->head_bytes, text.size());
  }
}

TEST(Ebml, KnowsASizeThatIsNotKnown) {
  EXPECT_EQ(read_head(head(kCluster, kUnknownSize))->size, kUnknownSize);
  EXPECT_EQ(read_head("\xA3\xFF")->size, kUnknownSize);
}

TEST(Ebml, ReadsShortSizes) {
  const auto read = read_head("\xE7\x82");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->size, 2u);
  EXPECT_EQ(read->head_bytes, 2u);
}

TEST(Ebml, ReadsNoHeadThatIsCut) {
  const auto text = head(kCluster, 5);
  for (std::size_t cut = 0; cut < text.size(); ++cut) {
    EXPECT_FALSE(read_head(std::string_view(text).substr(0, cut))) << cut;
  }
  EXPECT_FALSE(read_head(std::string_view("\0\0\0\0\0\0", 6)));
}

TEST(Ebml, WritesNumbersInAsFewBytesAsTheyNeed) {
  EXPECT_EQ(number(kTimestamp, 300).substr(9), std::string("\x01\x2C", 2));
  EXPECT_EQ(read_number(std::string_view("\x01\x2C", 2)), 300u);
  EXPECT_EQ(simple_block_head(-1, true), std::string("\x81\xFF\xFF\x80", 4));
}

}  // namespace
}  // namespace pbaas::recording::ebml
