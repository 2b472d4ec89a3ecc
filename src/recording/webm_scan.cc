#include "recording/webm_scan.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "recording/ebml.h"

namespace pbaas::recording {
namespace {

constexpr std::size_t kHeadBytesMax = 12;
constexpr std::size_t kTracksBytesMax = 64 * 1024;
// A frame is much smaller; what says it is larger is not one.
constexpr std::uint64_t kFrameBytesMax = 64u << 20;

bool is_inside_cluster(std::uint32_t id) {
  switch (id) {
    case ebml::kTimestamp:
    case ebml::kSimpleBlock:
    case ebml::kBlockGroup:
    case ebml::kPosition:
    case ebml::kPrevSize:
    case ebml::kVoid:
    case ebml::kCrc:
      return true;
    default:
      return false;
  }
}

// Walks the elements without regard to where their parents end: it steps into segment and clusters
// and over everything else, so that sizes which were never set do not matter.
class Scanner {
 public:
  Scanner(int file, std::uint64_t size) : file_(file), size_(size) {}

  WebmScan run() {
    while (const auto head = next()) {
      if (!take(*head)) break;
    }
    return std::move(scan_);
  }

 private:
  std::string read(std::uint64_t offset, std::size_t bytes) const {
    std::string text(std::min<std::uint64_t>(bytes, size_ - std::min(size_, offset)), '\0');
    const auto got = ::pread(file_, text.data(), text.size(), static_cast<off_t>(offset));
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
    return text;
  }

  std::string whole(const ebml::Head& head) const {
    if (head.size > kTracksBytesMax) return {};
    return read(at_, static_cast<std::size_t>(head.head_bytes + head.size));
  }

  std::optional<ebml::Head> next() const { return ebml::read_head(read(at_, kHeadBytesMax)); }

  // False: the rest is cut.
  bool take(const ebml::Head& head) {
    const auto content = at_ + head.head_bytes;
    const bool is_parent =
        head.id == ebml::kSegment || head.id == ebml::kCluster || head.id == ebml::kInfo;
    if (!is_parent && (head.size == ebml::kUnknownSize || content + head.size > size_))
      return false;
    if (head.id == ebml::kTracks) scan_.tracks = whole(head);
    if (head.id == ebml::kDateUtc) scan_.date = whole(head);
    if (head.id == ebml::kCluster) in_cluster_ = true;
    if (in_cluster_ && is_inside_cluster(head.id)) take_inside(head, content);
    at_ = is_parent ? content : content + head.size;
    return true;
  }

  void take_inside(const ebml::Head& head, std::uint64_t content) {
    if (head.id == ebml::kTimestamp)
      cluster_ms_ =
          ebml::read_number(read(content, 8 < head.size ? 8 : static_cast<std::size_t>(head.size)));
    if (head.id != ebml::kSimpleBlock || head.size <= ebml::kSimpleBlockHeadBytes) return;
    if (head.size > kFrameBytesMax) return;
    const auto start = read(content, ebml::kSimpleBlockHeadBytes);
    const auto offset = static_cast<std::int16_t>(ebml::read_number(start.substr(1, 2)));
    constexpr int kKeyframe = 0x80;
    WebmFrame frame;
    frame.at_ms = cluster_ms_ + static_cast<std::uint64_t>(static_cast<std::int64_t>(offset));
    frame.offset = content + ebml::kSimpleBlockHeadBytes;
    frame.bytes = static_cast<std::uint32_t>(head.size - ebml::kSimpleBlockHeadBytes);
    frame.is_key = (start[3] & kKeyframe) != 0;
    scan_.frames.push_back(frame);
  }

  int file_;
  std::uint64_t size_;
  std::uint64_t at_ = 0;
  std::uint64_t cluster_ms_ = 0;
  bool in_cluster_ = false;
  WebmScan scan_;
};

}  // namespace

Result<WebmScan> scan_webm(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) {
    return Error{Fault::kInternal, std::string("cannot read the video: ") + std::strerror(errno)};
  }
  return Scanner(file, static_cast<std::uint64_t>(status.st_size)).run();
}

}  // namespace pbaas::recording
