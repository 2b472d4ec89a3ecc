#include "net/byte_range.h"

#include <gtest/gtest.h>

#include <string>

namespace pbaas::net {
namespace {

ByteRange part_of_ten(std::string_view range) {
  const auto read = read_range(range, 10);
  EXPECT_EQ(read.answer, RangeAnswer::kPart) << range;
  return read.part;
}

TEST(ByteRange, IsTheWholeWhereNobodyAsksForLess) {
  EXPECT_EQ(read_range(std::nullopt, 10).answer, RangeAnswer::kWhole);
}

TEST(ByteRange, IsWhatIsAskedForAsFarAsItIsThere) {
  EXPECT_EQ(part_of_ten("bytes=0-0"), (ByteRange{0, 1}));
  EXPECT_EQ(part_of_ten("bytes=2-4"), (ByteRange{2, 3}));
  EXPECT_EQ(part_of_ten("bytes=2-"), (ByteRange{2, 8}));
  EXPECT_EQ(part_of_ten("bytes=9-99"), (ByteRange{9, 1}));
  EXPECT_EQ(part_of_ten("bytes=0-99999999999999999999999"), (ByteRange{0, 10}));
}

TEST(ByteRange, CountsFromTheEnd) {
  EXPECT_EQ(part_of_ten("bytes=-3"), (ByteRange{7, 3}));
  EXPECT_EQ(part_of_ten("bytes=-99"), (ByteRange{0, 10}));
}

TEST(ByteRange, CannotBeginAfterTheEnd) {
  EXPECT_EQ(read_range("bytes=10-", 10).answer, RangeAnswer::kUnsatisfiable);
  EXPECT_EQ(read_range("bytes=99999999999999999999999-", 10).answer, RangeAnswer::kUnsatisfiable);
  EXPECT_EQ(read_range("bytes=-0", 10).answer, RangeAnswer::kUnsatisfiable);
  EXPECT_EQ(read_range("bytes=0-", 0).answer, RangeAnswer::kUnsatisfiable);
  EXPECT_EQ(read_range("bytes=-5", 0).answer, RangeAnswer::kUnsatisfiable);
}

TEST(ByteRange, IsTheWholeWhereItCannotBeRead) {
  for (const std::string range : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=4-2",
                                  "bytes=1-2,4-5", "bytes=1 - 2", "bytes=--1", "items=1-2"})
    EXPECT_EQ(read_range(range, 10).answer, RangeAnswer::kWhole) << range;
}

}  // namespace
}  // namespace pbaas::net
