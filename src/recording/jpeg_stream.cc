#include "recording/jpeg_stream.h"

#include "recording/ebml.h"

namespace pbaas::recording {
namespace {

using namespace ebml;

constexpr std::uint64_t kVideoTrack = 1;
// The least there is: ffmpeg takes JPEGs of less than three quarters of the stream's height for the
// halves of interlaced pictures, and weaves two into one.
constexpr std::uint64_t kSide = 16;

}  // namespace

std::string jpeg_stream_start() {
  const std::string ebml_head = element(
      kEbml, number(kEbmlVersion, 1) + number(kEbmlReadVersion, 1) + number(kEbmlMaxIdLength, 4) +
                 number(kEbmlMaxSizeLength, 8) + element(kDocType, "matroska") +
                 number(kDocTypeVersion, 4) + number(kDocTypeReadVersion, 2));
  const std::string info =
      element(kInfo, number(kTimestampScale, kNanosecondsPerTick) + element(kMuxingApp, "pbaas") +
                         element(kWritingApp, "pbaas"));
  const std::string video =
      element(kVideo, number(kPixelWidth, kSide) + number(kPixelHeight, kSide));
  const std::string track =
      element(kTrackEntry, number(kTrackNumber, 1) + number(kTrackUid, 1) +
                               number(kTrackType, kVideoTrack) + number(kFlagLacing, 0) +
                               element(kCodecId, "V_MJPEG") + video);
  return ebml_head + head(kSegment, kUnknownSize) + info + element(kTracks, track);
}

std::string jpeg_stream_frame(std::uint64_t at_ms, std::string_view jpeg) {
  const auto timestamp = number(kTimestamp, at_ms);
  const auto block =
      head(kSimpleBlock, kSimpleBlockHeadBytes + jpeg.size()) + simple_block_head(0, true);
  std::string text = head(kCluster, timestamp.size() + block.size() + jpeg.size());
  return text.append(timestamp).append(block).append(jpeg);
}

}  // namespace pbaas::recording
