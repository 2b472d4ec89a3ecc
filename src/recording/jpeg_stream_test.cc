#include "recording/jpeg_stream.h"

#include <gtest/gtest.h>

#include "recording/ebml.h"

namespace pbaas::recording {
namespace {

TEST(JpegStream, IsASegmentWithoutEndThatNamesItsCodec) {
  const auto start = jpeg_stream_start();
  const auto first = ebml::read_head(start);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->id, ebml::kEbml);
  const auto segment =
      ebml::read_head(std::string_view(start).substr(first->head_bytes + first->size));
  EXPECT_EQ(segment->id, ebml::kSegment);
  EXPECT_EQ(segment->size, ebml::kUnknownSize);
  EXPECT_NE(start.find("V_MJPEG"), std::string::npos);
}

TEST(JpegStream, HasAClusterForEachFrameThatEndsWithIt) {
  const auto frame = jpeg_stream_frame(1234, "JPEG");
  const auto cluster = ebml::read_head(frame);
  ASSERT_TRUE(cluster);
  EXPECT_EQ(cluster->id, ebml::kCluster);
  EXPECT_EQ(cluster->head_bytes + cluster->size, frame.size());
  EXPECT_TRUE(frame.ends_with("JPEG"));
}

}  // namespace
}  // namespace pbaas::recording
