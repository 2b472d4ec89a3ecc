// The elements that Matroska and WebM files are made of: an id, a size, a content.
// https://www.rfc-editor.org/rfc/rfc8794, https://www.rfc-editor.org/rfc/rfc9559. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pbaas::recording::ebml {

// Ids hold their own length in their first bits.
enum Id : std::uint32_t {
  kEbml = 0x1A45DFA3,
  kEbmlVersion = 0x4286,
  kEbmlReadVersion = 0x42F7,
  kEbmlMaxIdLength = 0x42F2,
  kEbmlMaxSizeLength = 0x42F3,
  kDocType = 0x4282,
  kDocTypeVersion = 0x4287,
  kDocTypeReadVersion = 0x4285,
  kVoid = 0xEC,
  kCrc = 0xBF,
  kSegment = 0x18538067,
  kSeekHead = 0x114D9B74,
  kSeek = 0x4DBB,
  kSeekId = 0x53AB,
  kSeekPosition = 0x53AC,
  kInfo = 0x1549A966,
  kTimestampScale = 0x2AD7B1,
  kDuration = 0x4489,
  kDateUtc = 0x4461,
  kMuxingApp = 0x4D80,
  kWritingApp = 0x5741,
  kTracks = 0x1654AE6B,
  kTrackEntry = 0xAE,
  kTrackNumber = 0xD7,
  kTrackUid = 0x73C5,
  kTrackType = 0x83,
  kFlagLacing = 0x9C,
  kCodecId = 0x86,
  kVideo = 0xE0,
  kPixelWidth = 0xB0,
  kPixelHeight = 0xBA,
  kCluster = 0x1F43B675,
  kTimestamp = 0xE7,
  kPosition = 0xA7,
  kPrevSize = 0xAB,
  kSimpleBlock = 0xA3,
  kBlockGroup = 0xA0,
  kCues = 0x1C53BB6B,
  kCuePoint = 0xBB,
  kCueTime = 0xB3,
  kCueTrackPositions = 0xB7,
  kCueTrack = 0xF7,
  kCueClusterPosition = 0xF1,
};

// Times in our files are in ms.
inline constexpr std::uint64_t kNanosecondsPerTick = 1'000'000;

// A size that is not known yet: the element ends where its parent does.
inline constexpr std::uint64_t kUnknownSize = ~std::uint64_t{0};

// An element's id and size; the size always takes 8 bytes, so that it can be set later.
std::string head(Id id, std::uint64_t size);
std::string element(Id id, std::string_view content);
std::string number(Id id, std::uint64_t value);
std::string fixed_number(Id id, std::uint64_t value);  // 8 bytes, whatever it is
std::string real(Id id, double value);                 // 8 bytes

// A frame of track 1; its time is in ms after its cluster's.
std::string simple_block_head(std::int16_t offset_ms, bool is_key);
inline constexpr std::size_t kSimpleBlockHeadBytes = 4;

struct Head {
  std::uint32_t id = 0;
  std::uint64_t size = 0;      // of the content
  std::size_t head_bytes = 0;  // of id and size
};
// Nothing where the bytes are no head, or are cut in it.
std::optional<Head> read_head(std::string_view bytes);
std::uint64_t read_number(std::string_view content);

}  // namespace pbaas::recording::ebml
