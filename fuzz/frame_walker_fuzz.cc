// Walks any bytes as a client's and as a browser's, at once and in pieces: both ways of cutting
// them must forward the same bytes, count the same messages and find the same fault. The first byte
// of the input chooses the pieces.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "net/frame_walker.h"

namespace {

using pbaas::net::FrameFault;
using pbaas::net::FrameWalker;
using Bytes = std::vector<std::byte>;

constexpr std::uint64_t kMessageBytesMax = 1000;

struct Walked {
  Bytes forwarded;
  std::uint64_t messages = 0;
  FrameFault fault = FrameFault::kNone;
  bool closed = false;
  bool operator==(const Walked&) const = default;
};

void require(bool holds) {
  if (!holds) std::abort();
}

Walked walk(FrameWalker::From from, std::span<const std::byte> bytes, std::size_t piece) {
  FrameWalker walker(from, kMessageBytesMax);
  Walked walked;
  while (!bytes.empty()) {
    const auto next = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(next.size());
    const auto held = walker.held();
    Bytes offered(held.begin(), held.end());
    offered.insert(offered.end(), next.begin(), next.end());
    const auto step = walker.walk(offered);
    require(step.forward <= offered.size());
    require(walker.held().size() < FrameWalker::kHeaderBytesMax);
    const bool ended = walker.closed() || walker.faulted();
    require(ended || step.forward + walker.held().size() == offered.size());
    walked.forwarded.insert(walked.forwarded.end(), offered.begin(),
                            offered.begin() + static_cast<std::ptrdiff_t>(step.forward));
    walked.messages += step.messages;
    if (step.fault != FrameFault::kNone) walked.fault = step.fault;
  }
  walked.closed = walker.closed();
  require(!walker.faulted() || walker.at_boundary());
  return walked;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto bytes = std::as_bytes(std::span(data, size)).subspan(1);
  const std::size_t piece = 1 + data[0] % 32;
  for (const auto from : {FrameWalker::From::kClient, FrameWalker::From::kBrowser}) {
    require(walk(from, bytes, piece) == walk(from, bytes, bytes.size()));
  }
  return 0;
}
